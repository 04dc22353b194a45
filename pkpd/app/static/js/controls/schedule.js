// The regimen: a named schedule, a builder for simple ones, and the text that says any.

import { html } from "../../vendor/htm-preact.module.js";
import { missing, SIMPLE } from "../state/compose.js";
import { Field, Group, placeOf, Problem, problemOf, TextArea } from "./controls.js";
import { NumberField } from "./number.js";

const PER = ["", "/m2", "/kg"];

export function Regimen({ state, actions, t }) {
  const { ask, start } = state;
  const named = start.schedules.find((s) => s.name === ask.schedule) || start.schedules.find((s) => s.text === ask.schedule);
  const wrong = problemOf(state, "schedule");
  const text = named ? named.text : ask.schedule;
  return html`<${Group} id="regimen" fault=${placeOf(state) === "regimen"} title=${t("regimen.title")} open=${true}>
    <${Field} id="named" label=${t("regimen.named")} hint=${named && named.sources.join("\n")}>
      <select id="named" value=${named ? named.name : ""} aria-describedby="named-meaning" onChange=${(e) => e.target.value && actions.setAsk({ schedule: e.target.value })}>
        <option value="" selected=${!named}>${t("regimen.own")}</option>
        ${start.schedules.map((s) => html`<option value=${s.name} selected=${s === named} title=${t.or(`schedule.${s.name}`, s.meaning)}>${s.name}</option>`)}
      </select>
    <//>
    <div class="hint" id="named-meaning">${named && html`<${Named} schedule=${named} t=${t} />`}</div>
    <${Builder} ...${{ state, actions, t }} />
    <${Field} id="schedule" label=${t("regimen.text")} wide=${true}>
      <${TextArea} id="schedule" value=${text} call=${(schedule) => actions.setAsk({ schedule })} invalid=${Boolean(wrong)}
        describedby="schedule-problem schedule-says" />
    <//>
    <${Problem} id="schedule-problem" text=${wrong} />
    ${wrong && state.answer && html`<p class="hint">${t("page.last_good")}</p>`}
    ${!wrong && html`<p class="says" id="schedule-says">${said(state, t)}</p>`}
    <${Days} ...${{ state, actions, t }} />
  <//>`;
}

function Named({ schedule, t }) {
  return html`<span>${t.or(`schedule.${schedule.name}`, schedule.meaning)}</span>
    ${schedule.note && html`<span> (${t.or(`schedule.${schedule.name}.note`, schedule.note)})</span>`}
    ${schedule.sources.length > 0 &&
    html`<details class="small"><summary>${t("regimen.sources")}</summary><ul>${schedule.sources.map((s) => html`<li>${s}</li>`)}</ul></details>`}`;
}

/** The server's sentence, in Chinese where the builder's fields say the whole schedule. */
function said({ answer, builder, language }, t) {
  if (!answer) return "";
  const own = answer.schedule.builder;
  if (language !== "zh" || !own || own !== builder) return answer.schedule.sentence;
  const { amount, unit, route, over, interval, times, rest, cycles } = own;
  const values = { amount, unit, route: t.or(`route.${route}`, route), interval, times, rest, cycles, over };
  const parts = ["regimen.said.dose", over && "regimen.said.over", often(own)];
  parts.push(rest && "regimen.said.rest", cycles > 1 && "regimen.said.cycles");
  return parts.filter(Boolean).map((key) => t(key, values)).join("") + t("regimen.said.end");
}

function often({ times, interval }) {
  if (Number(times) === 1) return "regimen.said.once";
  return Number(interval) === 1 ? "regimen.said.daily" : "regimen.said.every";
}

function Builder({ state, actions, t }) {
  const { builder, model } = state;
  const off = !builder;
  const fields = builder || { amount: "", unit: "MIU", route: "", over: "", interval: "", times: "", rest: "", cycles: "" };
  const lacks = off ? [] : missing(fields);
  const number = (name, more) => html`<${Field} id=${`builder-${name}`} label=${t(`regimen.${name}`)}>
    <${NumberField} id=${`builder-${name}`} value=${fields[name]} disabled=${off} min="0" invalid=${lacks.includes(name)}
      describedby=${lacks.includes(name) ? "builder-problem" : null} call=${(value) => actions.setBuilder({ [name]: value })} t=${t} ...${more} />
  <//>`;
  return html`<fieldset class="builder"><legend>${t("regimen.builder")}</legend>
    <div class="fields">
      ${number("amount")}
      ${choice("unit", unitsOf(model, fields), fields.unit, off, (unit) => actions.setBuilder({ unit }), (unit) => unit, t)}
      ${choice("route", routesOf(model, fields), fields.route, off, (route) => actions.setBuilder({ route }), (r) => t.or(`route.${r}`, r), t)}
      ${fields.route === "iv" && number("over", { placeholder: t("regimen.bolus") })}
      ${number("interval")} ${number("times", { integer: true, min: "1" })}
      ${number("rest", { placeholder: "–" })} ${number("cycles", { integer: true, min: "1" })}
    </div>
    <${Problem} id="builder-problem" text=${lacks.length ? t("regimen.needed") : null} />
    ${off && state.answer && html`<p class="hint">${t("regimen.not_simple")} <button type="button" class="quiet"
      onClick=${() => actions.setBuilder(simplest(model))}>${t("regimen.start_simple")}</button></p>`}
  </fieldset>`;
}

function choice(name, options, value, off, call, label, t) {
  return html`<${Field} id=${`builder-${name}`} label=${t(`regimen.${name}`)}>
    <select id=${`builder-${name}`} disabled=${off} onChange=${(e) => call(e.target.value)}>
      ${off && html`<option value="" selected></option>`}
      ${options.map((o) => html`<option value=${o} selected=${!off && o === value}>${label(o)}</option>`)}
    </select>
  <//>`;
}

/** Units that doses of a model can be given in: activity for IL-2, else the route's own unit. */
function unitsOf(model, { unit, route }) {
  const own = (model.routes.find((r) => r.name === route) || model.routes[0] || { unit: "IU" }).unit;
  const bases = own === "IU" ? ["MIU", "IU"] : [own];
  return withOwn(PER.flatMap((per) => bases.map((base) => base + per)), unit);
}

const routesOf = (model, { route }) => withOwn(model.routes.map((r) => r.name), route);

const withOwn = (options, own) => (options.includes(own) || !own ? options : [...options, own]);

function simplest(model) {
  const route = model.routes.some((r) => r.name === SIMPLE.route) ? SIMPLE.route : (model.routes[0] || SIMPLE).name || SIMPLE.route;
  const found = model.routes.find((r) => r.name === route);
  return { ...SIMPLE, route, unit: !found || found.unit === "IU" ? SIMPLE.unit : found.unit };
}

function Days({ state, actions, t }) {
  const wrong = problemOf(state, "days");
  const usual = state.answer && !state.ask.days ? state.answer.days : "";
  return html`<div class="fields"><${Field} id="days" label=${t("regimen.days")} hint=${t("regimen.days_hint")}>
      <${NumberField} id="days" value=${state.ask.days} min="0" placeholder=${String(usual)} invalid=${Boolean(wrong)}
        describedby="days-problem" call=${(days) => actions.setAsk({ days })} t=${t} />
    <//><p class="hint below">${t("regimen.days_hint")}</p></div>
    <${Problem} id="days-problem" text=${wrong} />`;
}
