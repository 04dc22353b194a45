// Start: read what the server offers and what the address says, then draw at every change of the state.

import { h, render } from "../vendor/htm-preact.module.js";
import { createActions } from "./state/actions.js";
import * as address from "./state/address.js";
import { getModel, getStart, getTexts } from "./state/api.js";
import { Page } from "./page.js";
import { createStore, firstState } from "./state/store.js";
import { firstLanguage, showLanguage, translator } from "./texts.js";
import { chosenTheme, onSystemTheme, showTheme, themeOf } from "./state/theme.js";

const root = document.getElementById("page");

async function begin() {
  showTheme(chosenTheme());
  const [start, texts] = await Promise.all([getStart(), getTexts()]);
  const language = firstLanguage(start.language);
  showLanguage(language);
  const { found, model, note } = await opening(start);
  const translators = Object.fromEntries(["en", "zh"].map((l) => [l, translator(texts, l)]));
  const first = firstState(start, model, found, language, themeOf(chosenTheme()), chosenTheme());
  let actions = null;
  root.replaceChildren();
  const draw = (state) => {
    document.title = translators[state.language]("page.title");
    render(h(Page, { state, actions, t: translators[state.language] }), root);
  };
  const store = createStore(first, draw);
  actions = createActions(store);
  onSystemTheme(() => actions.setTheme(store.get().themeChoice));
  addEventListener("hashchange", () => location.hash.includes("=") && location.reload());
  actions.resend();
  if (note) store.set({ unread: note });
  if (found && found.pins.length) actions.restorePins(found.pins);
}

/** The state that the address asks for and its model; the start's own, with the reason, where the address is wrong. */
async function opening(start) {
  try {
    const found = address.decode(address.read(), start.ask, start.limits.pins);
    const ask = found ? found.ask : start.ask;
    return { found, model: await getModel(ask.model, ask.set || ""), note: "" };
  } catch (error) {
    return { found: null, model: await getModel(start.ask.model, start.ask.set || ""), note: error.message };
  }
}

/** The one message that can be needed before any text is there. */
function unreachable() {
  const text =
    "The pkpd server does not answer. Start `pkpd explore` again and reload. / " +
    "pkpd 服务器没有响应。请重新运行 `pkpd explore` 并刷新页面。";
  const [note, again] = [document.createElement("p"), document.createElement("button")];
  note.className = "waiting";
  note.setAttribute("role", "alert");
  note.textContent = text;
  again.textContent = "Reload / 刷新";
  again.addEventListener("click", () => location.reload());
  root.replaceChildren(note, again);
}

begin().catch((error) => {
  console.error(error);
  unreachable();
});
