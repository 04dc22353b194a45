// What a reader can do: each action changes the state and sends what has to be asked.

import * as address from "./address.js";
import { Gone, getModel, simulate } from "./api.js";
import { isReady, scheduleText } from "./compose.js";
import { labelOf } from "./label.js";
import { createSending } from "./sending.js";
import { freeColour } from "./store.js";
import { showLanguage } from "../texts.js";
import { showTheme, themeOf } from "./theme.js";

export function createActions(store) {
  const sending = createSending(store);
  return { ...asking(store, sending), ...pinning(store, sending), ...viewing(store, sending) };
}

/** What changes the question. */
function asking({ get, set }, { replaceAsk, settle, fail }) {
  const setAsk = (patch) => replaceAsk({ ...get().ask, ...patch });
  const without = (names) =>
    Object.fromEntries(Object.entries(get().ask.changes || {}).filter(([name]) => !names.includes(name)));

  /** Another model or set: its parameters and its answer are shown together, so that no curve is without its model. */
  async function setModel(model, chosen, patch = {}) {
    const ask = { ...get().ask, changes: {}, ...patch, model, set: chosen, outputs: [] };
    set({ busy: true, error: null, note: "" });
    try {
      const [described, answer] = await Promise.all([getModel(model, chosen), simulate(ask)]);
      const view = { ...get().view, outputs: described.panels };
      set({ model: described, ask, answer, view, builder: answer.schedule.builder, bands: null, busy: false, gone: false });
      settle();
    } catch (error) {
      if (!error.field && !(error instanceof Gone)) error.field = "model";
      fail(error);
    }
  }

  /** A field of the builder: sent once every field that a schedule needs is filled. */
  function setBuilder(patch) {
    const builder = { ...get().builder, ...patch };
    set({ builder });
    if (isReady(builder)) setAsk({ schedule: scheduleText(builder) });
  }

  /** The regimen, patient and parameters of another ask, such as a pin's; the panels stay where the model does. */
  function load({ model, set: chosen, schedule, days, bsa, weight, changes }) {
    const patch = { schedule, days, bsa, weight, changes };
    const own = get().ask;
    return model === own.model && (chosen || "") === (own.set || "") ? setAsk(patch) : setModel(model, chosen || "", patch);
  }

  return {
    setAsk,
    setModel,
    load,
    setBuilder,
    setChange: (name, text) => setAsk({ changes: { ...without([name]), ...(text ? { [name]: text } : {}) } }),
    resetParameters: (names) => setAsk({ changes: without(names) }),
    resetPatient: (names) => setAsk({ changes: without(names), bsa: "", weight: "" }),
    resend: () => replaceAsk(get().ask, { error: null }),
  };
}

/** Regimens to compare. */
function pinning({ get, set }, { settle }) {
  const add = (label, ask, answer) => {
    const { pins, start } = get();
    const id = pins.reduce((most, p) => Math.max(most, p.id), 0) + 1;
    set({ pins: [...pins, { id, label: label || labelOf(ask, start), colour: freeColour(pins), ask, answer }] });
  };
  const change = (changed) => {
    set({ pins: changed(get().pins) });
    settle();
  };

  /** Pins that an address named: each is simulated anew; one that fails is left out and said. */
  async function restorePins(pins) {
    for (const { label, ask } of pins) {
      try {
        add(label, ask, await simulate(ask));
      } catch (error) {
        if (error instanceof Gone) return set({ gone: true });
        set({ note: error.message });
      }
    }
  }

  return {
    restorePins,
    pin: (label) => {
      const { ask, answer, pins, start } = get();
      if (!answer || pins.length >= start.limits.pins) return;
      add(typeof label === "string" ? label : "", { ...ask, ...answer.ask }, answer);
      settle();
    },
    unpin: (id) => change((pins) => pins.filter((p) => p.id !== id)),
    rename: (id, label) => change((pins) => pins.map((p) => (p.id === id ? { ...p, label } : p))),
  };
}

/** How the answers are shown. */
function viewing({ get, set }, { settle, askBands }) {
  return {
    setView: (patch) => {
      set({ view: { ...get().view, ...patch } });
      settle();
    },
    setBands: (bandKind) => {
      set({ bandKind, bands: null });
      address.write(get());
      askBands();
    },
    setCohort: (cohort, cohortName) => set({ cohort, cohortName: cohortName || "" }),
    setError: (error) => set({ error }),
    setNote: (note) => set({ note }),
    setLanguage: (language) => {
      showLanguage(language);
      set({ language });
    },
    setTheme: (themeChoice) => {
      showTheme(themeChoice);
      set({ themeChoice, theme: themeOf(themeChoice) });
    },
  };
}
