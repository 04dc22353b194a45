// What has to be asked of the server after a change, and what its answers do to the state.

import * as address from "./address.js";
import { Gone, getBands, getModel, newestOnly, simulate } from "./api.js";

export const PATIENTS = 200; // of population bands
export const SEED = 1;
const QUIET = 350; // ms without a change before bands are asked for and the address is written

export function createSending(store) {
  const { get, set } = store;
  const fail = failing(store);
  const askBands = bandsLane(store, fail);
  let quiet = 0;

  const settle = () => {
    clearTimeout(quiet);
    quiet = setTimeout(() => {
      address.write(get());
      askBands();
    }, QUIET);
  };

  const answered = (ask, answer, last) => {
    if (ask.model !== get().model.key) return;
    const builder = ask.schedule === get().ask.schedule ? answer.schedule.builder : get().builder;
    // Bands belong to the answer that they were drawn around.
    set({ answer, builder, bands: null, gone: false, busy: !last, ...(last ? { error: null } : {}) });
    if (last) settle();
  };

  const refused = (ask, error, last) => {
    const { answer, opened } = get();
    if (error instanceof Gone) fail(error);
    else if (!answer && opened) retreat(error);
    else if (last) fail(error);
  };

  const sendAsk = newestOnly(simulate, answered, refused);

  const replaceAsk = (ask, more) => {
    sendAsk(ask);
    set({ ask, busy: true, note: "", unread: "", ...more });
  };

  /** What the address asked for cannot be simulated: the start instead, and why. */
  async function retreat(error) {
    const { ask } = get().start;
    try {
      const model = await getModel(ask.model, ask.set || "");
      const view = { ...get().view, outputs: model.panels };
      replaceAsk(ask, { model, view, opened: false, unread: error.message });
    } catch (reason) {
      fail(reason);
    }
  }

  return { replaceAsk, settle, askBands, fail };
}

const failing = (store) => (error) => {
  if (error instanceof Gone) store.set({ gone: true, busy: false });
  else store.set({ error: { text: error.message, field: error.field || "" }, busy: false });
};

/** Bands have a lane of their own, since they take longer than an answer; `bandsBusy` is the ask they were sent for. */
function bandsLane({ get, set }, fail) {
  const send = newestOnly(
    (asked) => getBands(asked.ask, asked.kind, PATIENTS, SEED),
    (asked, bands, last) => {
      const own = asked.ask === get().ask && asked.kind === get().bandKind;
      set({ ...(own ? { bands } : {}), ...(last ? { bandsBusy: false } : {}) });
    },
    (asked, error, last) => {
      if (last) set({ bandsBusy: false });
      if (last && asked.ask === get().ask) fail(error);
    },
  );
  let sent = null;
  return () => {
    const { ask, bandKind, bands, bandsBusy } = get();
    const waits = bandsBusy && sent && sent.ask === ask && sent.kind === bandKind;
    if (bandKind === "none" || bands || waits) return;
    sent = { ask, kind: bandKind };
    send(sent);
    set({ bandsBusy: true });
  };
}
