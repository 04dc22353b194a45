// The model and its parameter set, and where their values come from.

import { html } from "../../vendor/htm-preact.module.js";
import { Field, Group, placeOf, Problem, problemOf } from "./controls.js";

const BASES = ["measured", "derived", "fitted", "assumed"];

export function ModelChoice({ state, actions, t }) {
  const { start, model, ask } = state;
  const sets = start.sets.filter((s) => (!s.model || s.model === model.key) && s.key !== "");
  const [wrongModel, wrongSet] = [problemOf(state, "model"), problemOf(state, "set")];
  const meaning = t.or(`model.${model.key}`, model.meaning);
  return html`<${Group} id="model" fault=${placeOf(state) === "model"} title=${t("model.title")}>
    <div class="fields">
      <${Field} id="model" label=${t("model.model")} hint=${meaning}>
        <select id="model" value=${model.key} aria-invalid=${wrongModel ? "true" : null} aria-describedby="model-meaning model-problem"
          onChange=${(e) => actions.setModel(e.target.value, "")}>
          ${start.models.map((m) => html`<option value=${m.key} selected=${m.key === model.key}>${m.key}</option>`)}
        </select>
      <//>
      <${Field} id="set" label=${t("model.set")}>
        <select id="set" value=${ask.set || ""} aria-invalid=${wrongSet ? "true" : null} aria-describedby="set-problem"
          onChange=${(e) => actions.setModel(model.key, e.target.value, { changes: ask.changes })}>
          <option value="" selected=${!ask.set}>${t("model.own_set")}</option>
          ${sets.map((s) => html`<option value=${s.key} selected=${s.key === ask.set}>${s.label}</option>`)}
        </select>
      <//>
    </div>
    <${Problem} id="model-problem" text=${wrongModel} /><${Problem} id="set-problem" text=${wrongSet} />
    <p class="hint" id="model-meaning">${meaning}</p>
    <${Counts} counts=${model.counts} t=${t} />
  <//>`;
}

function Counts({ counts, t }) {
  const all = BASES.reduce((sum, basis) => sum + (counts[basis] || 0), 0);
  return html`<p class="counts"><span>${t("model.values", { count: all })}</span>
    ${BASES.map((basis) => html`<span class=${`basis ${basis}`}>
      ${t("model.count", { count: counts[basis] || 0, basis: t(`basis.${basis}`) })}</span>`)}</p>`;
}
