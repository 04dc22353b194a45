// The choice of a shaded range around the current regimen, and what it is.
import { html } from "../../vendor/htm-preact.module.js";

const KINDS = ["none", "uncertainty", "population"];

export function Bands({ state, actions, t }) {
  const { bandKind, bands, bandsBusy, start, model } = state;
  const lacks = start?.uncertainty?.[model?.key] === false;
  return html`<fieldset class="bands">
    <legend>${t("bands.title")}</legend>
    ${KINDS.map((kind) => {
      const off = kind === "uncertainty" && lacks;
      return html`<label key=${kind} class="bands-kind">
        <input type="radio" name="bands" value=${kind} checked=${bandKind === kind} disabled=${off}
          onChange=${() => actions.setBands(kind)} />
        ${t(`bands.${kind}`)}${off ? html` <span class="quiet">${t("bands.no_draws")}</span>` : null}
      </label>`;
    })}
    <div class="bands-said" role="status">
      ${bandsBusy && !bands ? html`<p class="quiet">${t("bands.busy")}</p>` : null}
      ${bands ? html`<${Said} bands=${bands} t=${t} />` : null}
    </div>
  </fieldset>`;
}

function Said({ bands, t }) {
  return html`<p>${t(`bands.${bands.kind}_said`, { count: bands.count })}</p>
    ${bands.failed ? html`<p class="warning">${t("bands.failed", { failed: bands.failed })}</p>` : null}
    ${(bands.notes ?? []).map((note) => html`<p key=${note} class="quiet">${note}</p>`)}`;
}
