// Regimens kept for comparison: pin the current one, rename, make current again, remove.
import { html } from "../../vendor/htm-preact.module.js";
import { Swatch } from "../charts/legend.js";

export function Pins({ state, actions, t }) {
  const most = state.start?.limits?.pins ?? 5;
  const full = state.pins.length >= most;
  return html`<section class="pins" aria-label=${t("pins.title")}>
    <p><button type="button" class="pins-add" disabled=${full || !state.answer} onClick=${() => actions.pin()}>
      ${t("pins.add")}</button>
      <span class="quiet" role="status">
        ${t(full ? "pins.full" : "pins.count", { count: state.pins.length, most })}</span></p>
    ${state.pins.length === 0 ? html`<p class="quiet">${t("pins.none")}</p>` : null}
    <ul class="pins-list">
      ${state.pins.map((pin) => html`<${Pin} key=${pin.id} pin=${pin} actions=${actions} t=${t} />`)}
    </ul>
  </section>`;
}

function Pin({ pin, actions, t }) {
  const named = { label: pin.label };
  const rename = (event) => {
    const label = event.currentTarget.value.trim();
    if (label) actions.rename(pin.id, label);
    else event.currentTarget.value = pin.label;
  };
  return html`<li class="pin">
    <${Swatch} colour=${pin.colour} />
    <input type="text" class="pin-label" value=${pin.label} maxlength="80" title=${pin.ask.schedule}
      aria-label=${t("pins.rename", named)} onChange=${rename} />
    <button type="button" aria-label=${t("pins.current_of", named)}
      onClick=${() => actions.load(pin.ask)}>${t("pins.current")}</button>
    <button type="button" aria-label=${t("pins.remove_of", named)} onClick=${() => actions.unpin(pin.id)}>
      ${t("pins.remove")}</button>
  </li>`;
}
