// The parameters: sliders of those that matter at once, and a list to add any other.

import { html, useState } from "../../vendor/htm-preact.module.js";
import { Field, Group, placeOf, problemOf } from "./controls.js";
import { withUnit } from "./slider_scale.js";
import { Slider } from "./slider.js";

export function ParameterSliders({ state, actions, t }) {
  const [filter, setFilter] = useState("");
  const [added, setAdded] = useState([]);
  const changes = state.ask.changes || {};
  const all = state.model.parameters.filter((p) => p.group !== "patient");
  const fits = (p) => matches(p, filter, t);
  const isMore = (p) => added.includes(p.name) || p.name in changes || problemOf(state, `changes.${p.name}`);
  const main = all.filter((p) => p.group === "main");
  const others = all.filter((p) => p.group === "other");
  const changed = all.filter((p) => p.name in changes).map((p) => p.name);
  const slider = (p) => html`<${Changeable} key=${p.name} parameter=${p} ...${{ state, actions, t }} />`;
  return html`<${Group} id="parameters" fault=${placeOf(state) === "parameters"} title=${t("parameters.title")} open=${changed.length > 0 || undefined}>
    <div class="group-head">
      <p class="hint" role="status">${changed.length ? t("parameters.changed", { count: changed.length }) : t("parameters.unchanged")}</p>
      <button type="button" class="quiet" disabled=${changed.length === 0} onClick=${() => actions.resetParameters(changed)}>
        ${t("parameters.reset_all")}</button></div>
    <${Field} id="parameter-filter" label=${t("parameters.filter")}>
      <input id="parameter-filter" type="search" autocomplete="off" value=${filter} onInput=${(e) => setFilter(e.target.value)} />
    <//>
    <div class="sliders">${main.filter(fits).map(slider)}</div>
    ${filter && !all.some(fits) && html`<p class="hint">${t("parameters.no_match")}</p>`}
    <details open=${others.some(isMore) || undefined}>
      <summary>${t("parameters.more", { count: others.length })}</summary>
      <div class="sliders">${others.filter(isMore).map(slider)}</div>
      <${Adder} parameters=${others.filter((p) => !isMore(p) && fits(p))} add=${(name) => setAdded([...added, name])} t=${t} />
    </details>
  <//>`;
}

function Adder({ parameters, add, t }) {
  const chosen = (event) => {
    if (event.target.value) add(event.target.value);
    event.target.value = "";
  };
  return html`<${Field} id="parameter-add" label=${t("parameters.add")}>
    <select id="parameter-add" onChange=${chosen}>
      <option value="">${t("parameters.choose", { count: parameters.length })}</option>
      ${parameters.map((p) => html`<option value=${p.name}>${p.name}: ${t.said(p.meaning)}</option>`)}
    </select>
  <//>`;
}

function Changeable({ parameter, state, actions, t }) {
  const { name, unit } = parameter;
  const text = (state.ask.changes || {})[name] || "";
  const call = (number) => actions.setChange(name, number && withUnit(number, unit));
  return html`<${Slider} ...${{ parameter, text, call, t }} problem=${problemOf(state, `changes.${name}`)} />`;
}

function matches(parameter, filter, t) {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const text = `${parameter.name} ${parameter.meaning} ${t.said(parameter.meaning)} ${parameter.unit}`.toLowerCase();
  return words.every((word) => text.includes(word));
}
