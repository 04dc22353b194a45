// The page's state: one frozen value that is replaced, never changed.

export function createStore(first, draw) {
  let state = Object.freeze(first);
  return {
    get: () => state,
    set(patch) {
      state = Object.freeze({ ...state, ...patch });
      draw(state);
    },
  };
}

/** The state before any answer. */
export function firstState(start, model, found, language, theme, themeChoice) {
  return {
    start,
    model,
    ask: found ? found.ask : start.ask,
    answer: null,
    builder: null,
    bands: null,
    bandKind: found ? found.bandKind : "none",
    bandsBusy: false,
    pins: [],
    cohort: null,
    cohortName: "",
    view: { log: false, fold: false, outputs: model.panels, ...(found ? found.view : {}) },
    theme,
    themeChoice,
    language,
    busy: true,
    gone: false,
    error: null,
    note: "",
    unread: "", // why the address was not followed
    opened: Boolean(found),
  };
}

/** The lowest colour (1 and up; 0 is the current regimen) that no pin has. */
export function freeColour(pins) {
  let colour = 1;
  while (pins.some((pin) => pin.colour === colour)) colour += 1;
  return colour;
}
