// The title, the languages, the theme and the number of pins.

import { html } from "../vendor/htm-preact.module.js";
import { LANGUAGES } from "./texts.js";

const THEMES = ["", "light", "dark"];

export function Header({ state, actions, t }) {
  return html`<header>
    <h1>pkpd <span>${t("page.heading")}</span></h1>
    <span class=${state.busy ? "working busy" : "working"} aria-hidden="true"></span>
    <div class="switches">
      <button type="button" class="quiet" disabled=${state.pins.length === 0} onClick=${toPins}>
        ${t("page.pins", { count: state.pins.length })}</button>
      <label class="inline"><span class="hidden">${t("page.theme")}</span>
        <select id="theme" onChange=${(e) => actions.setTheme(e.target.value)}>
          ${THEMES.map(
            (theme) => html`<option value=${theme} selected=${theme === state.themeChoice}>
              ${t(`page.theme.${theme || "system"}`)}</option>`,
          )}
        </select>
      </label>
      <div class="segments" role="group" aria-label=${t("page.language")}>
        ${Object.entries(LANGUAGES).map(
          ([key, name]) => html`<button type="button" lang=${key} aria-pressed=${key === state.language ? "true" : "false"}
            onClick=${() => actions.setLanguage(key)}>${name}</button>`,
        )}
      </div>
    </div>
  </header>`;
}

function toPins() {
  const place = document.querySelector(".comparing");
  place.tabIndex = -1;
  place.focus();
  place.scrollIntoView({ block: "nearest" });
}
