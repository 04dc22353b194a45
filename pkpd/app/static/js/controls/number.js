// A field for a number, read the same in every browser and locale.
// A field of type "number" drops the comma of "0,5" where the locale has a point, and 0,5 MIU would become 5 MIU.

import { html, useLayoutEffect, useRef, useState } from "../../vendor/htm-preact.module.js";
import { Problem } from "./controls.js";

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

/**
 * A number that may be typed freely: `call` gets the text, "" for an empty field, and nothing while it is not a number.
 * While it has the focus its text is the reader's own. The arrow keys step.
 */
export function NumberField({ id, value, call, describedby, invalid, disabled, placeholder, min, integer, t }) {
  const field = useRef(null);
  const [odd, setOdd] = useState(false);
  const shown = value === null || value === undefined ? "" : String(value);
  useLayoutEffect(() => {
    const own = field.current;
    if (own !== document.activeElement && own.value !== shown) own.value = shown;
  });
  const take = (text) => {
    const fits = text === "" || (NUMBER.test(text) && (!integer || Number.isInteger(Number(text))));
    setOdd(!fits);
    if (fits) call(text);
  };
  const left = () => {
    field.current.value = shown;
    setOdd(false);
  };
  const keyed = (event) => {
    const way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!way) return;
    event.preventDefault();
    const now = event.target.value.trim() || placeholder;
    const next = Number(now || 0) + way * (integer ? 1 : stepOf(now));
    if (!Number.isFinite(next) || next < Number(min ?? -Infinity)) return;
    event.target.value = String(Number(next.toPrecision(12)));
    take(event.target.value);
  };
  return html`<input ref=${field} id=${id} type="text" role="spinbutton" inputmode="decimal" autocomplete="off" spellcheck=${false}
      disabled=${disabled} placeholder=${placeholder} aria-valuenow=${NUMBER.test(shown) ? shown : null}
      aria-describedby=${odd ? `${id}-odd` : describedby} aria-invalid=${invalid || odd ? "true" : null}
      onInput=${(event) => take(event.target.value.trim())} onKeyDown=${keyed} onBlur=${left} />
    <${Problem} id=${`${id}-odd`} text=${odd ? t(integer ? "number.whole" : "number.odd") : null} />`;
}

/** A step of the arrow keys that suits the size of a number. */
function stepOf(text) {
  const size = Math.abs(Number(text));
  return size > 0 && Number.isFinite(size) ? Number(`1e${Math.floor(Math.log10(size)) - 1}`) : 1;
}
