// One parameter: its name and meaning, a number, a slider, a reset button and a note with its sources.

import { html } from "../../vendor/htm-preact.module.js";
import { Info, Problem } from "./controls.js";
import { printed, unitText } from "../format.js";
import { NumberField } from "./number.js";
import { hasRange, numberOf, position, STEPS, valueAt } from "./slider_scale.js";

/** `text` is the value in use, "" for the default; `call` gets a new one, "" to go back. */
export function Slider({ parameter, text, call, problem, t }) {
  const { name, unit } = parameter;
  const id = `parameter-${name}`;
  const value = numberOf(text) ?? parameter.value;
  const changed = text !== "";
  const outside = hasRange(parameter) && (value < parameter.low || value > parameter.high);
  const meaning = t.said(parameter.meaning);
  const described = [problem && `${id}-problem`, outside && `${id}-outside`].filter(Boolean).join(" ") || null;
  return html`<div class=${changed ? "slider changed" : "slider"} data-parameter=${name} title=${hover(parameter, t)}>
    <div class="slider-name">
      <label for=${id}>${meaning}</label>
      <button type="button" class=${changed ? "icon" : "icon kept"} aria-label=${t("parameters.reset_one", { name })}
        title=${t("parameters.reset_one", { name })} onClick=${() => call("")}>↺</button>
      <${Info} id=${`${id}-note`} label=${t("parameters.about", { name })} content=${() => About({ parameter, meaning, t })} />
    </div>
    <div class="slider-code"><code>${name}</code> <span class=${`basis ${parameter.basis}`}>${t(`basis.${parameter.basis}`)}</span></div>
    <div class="slider-row">
      ${hasRange(parameter) ? html`<${Range} ...${{ parameter, value, call, id, meaning }} />` : html`<span></span>`}
      <${NumberField} id=${id} value=${value} call=${call} describedby=${described} invalid=${Boolean(problem)} t=${t} />
      <span class="unit">${unitText(unit)}</span>
    </div>
    ${outside && html`<p class="caution" id=${`${id}-outside`}>${t("parameters.outside", { low: parameter.low, high: parameter.high })}</p>`}
    <${Problem} id=${`${id}-problem`} text=${problem} />
  </div>`;
}

function Range({ parameter, value, call, id, meaning }) {
  const moved = (event) => {
    const next = valueAt(parameter, Number(event.target.value));
    call(next === parameter.value ? "" : String(next));
  };
  return html`<input type="range" min="0" max=${STEPS} step="1" list=${`${id}-ticks`} value=${position(parameter, value)}
      aria-label=${meaning} aria-valuetext=${`${value} ${unitText(parameter.unit)}`} onInput=${moved} />
    <datalist id=${`${id}-ticks`}><option value=${position(parameter, parameter.value)}></option></datalist>`;
}

function hover({ name, text, low, high, basis, sources }, t) {
  const bounds = low === null || high === null ? [] : [`${t("parameters.bounds")} ${low} – ${high}`];
  return [`${name} = ${printed(text)}`, ...bounds, t(`basis.${basis}`), ...sources].join("\n");
}

function About({ parameter, meaning, t }) {
  const { name, text, unit, low, high, basis, where, note, sources } = parameter;
  const bounds = low === null || high === null ? t("parameters.no_bounds") : `${low} – ${high} ${unitText(unit)}`;
  const rows = [
    [t("parameters.value"), printed(text)],
    [t("parameters.bounds"), bounds],
    [t("parameters.basis"), t(`basis.${basis}`)],
    [t("parameters.where"), where],
    [t("parameters.note"), note],
  ];
  return html`<h3><code>${name}</code></h3><p>${meaning}</p>
    <dl>${rows.filter(([, said]) => said).map(([term, said]) => html`<dt>${term}</dt><dd>${said}</dd>`)}</dl>
    ${sources.length > 0 && html`<h4>${t("parameters.sources")}</h4><ul>${sources.map((s) => html`<li>${s}</li>`)}</ul>`}`;
}
