// The patient: body size and the counts without drug.

import { html } from "../../vendor/htm-preact.module.js";
import { Group, placeOf, problemOf } from "./controls.js";
import { withUnit } from "./slider_scale.js";
import { Slider } from "./slider.js";

const BODY = ["bsa", "weight"]; // these stand in their own keys of an ask

export function Patient({ state, actions, t }) {
  const covariates = state.model.parameters.filter((p) => p.group === "patient");
  const names = covariates.map((p) => p.name);
  const changed = names.some((name) => (BODY.includes(name) ? state.ask[name] : (state.ask.changes || {})[name]));
  return html`<${Group} id="patient" fault=${placeOf(state) === "patient"} title=${t("patient.title")}>
    ${covariates.length === 0 && html`<p class="hint">${t("patient.none")}</p>`}
    ${covariates.length > 0 && html`<div class="group-head">
      <p class="hint">${changed ? "" : t("parameters.unchanged")}</p>
      <button type="button" class="quiet" disabled=${!changed} onClick=${() => actions.resetPatient(names)}>${t("parameters.reset_all")}</button></div>`}
    <div class="sliders">
      ${covariates.map((p) => html`<${Covariate} key=${p.name} parameter=${p} ...${{ state, actions, t }} />`)}
    </div>
  <//>`;
}

function Covariate({ parameter, state, actions, t }) {
  const { name, unit } = parameter;
  const body = BODY.includes(name);
  const text = (body ? state.ask[name] : (state.ask.changes || {})[name]) || "";
  const call = (number) => {
    if (body) actions.setAsk({ [name]: number });
    else actions.setChange(name, number && withUnit(number, unit));
  };
  const problem = problemOf(state, body ? name : `changes.${name}`) || problemOf(state, `changes.${name}`);
  return html`<${Slider} ...${{ parameter, text, call, problem, t }} />`;
}
