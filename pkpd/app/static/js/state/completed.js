// Pins keep their own answers; when panels are added, a pin is asked again for the curves it lacks.
import { useEffect, useState } from "../../vendor/htm-preact.module.js";
import { simulate } from "./api.js";

/** The pins, with answers that hold `outputs` as soon as the server has given them. */
export function useCompleted(pins, outputs, model) {
  const [more, setMore] = useState({});
  const wanted = outputs.join(",");
  // A pin of another model may not know the outputs; it keeps the curves it has.
  const own = pins.filter((pin) => pin.ask.model === model);
  // Ids are used again once a pin is gone, so the ask is compared as well.
  const asked = ({ id, ask }) => more[id]?.wanted === wanted && more[id].of === ask;
  const lacking = own.filter((pin) => outputs.some((name) => !pin.answer.curves[name]) && !asked(pin));
  useEffect(() => {
    for (const pin of lacking) {
      const keep = (answer) => setMore((now) => ({ ...now, [pin.id]: { wanted, of: pin.ask, answer } }));
      keep(null);
      simulate({ ...pin.ask, outputs }).then(keep, () => {});
    }
  }, [lacking.map((pin) => pin.id).join(), wanted]);
  return pins.map((pin) => {
    const found = more[pin.id];
    return found?.answer && found.of === pin.ask && found.wanted === wanted ? { ...pin, answer: found.answer } : pin;
  });
}
