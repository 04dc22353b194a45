// The grid of panels with its switches and legend.
import { html, useLayoutEffect, useMemo, useState } from "../../vendor/htm-preact.module.js";
import { Chart } from "./chart.js";
import { useCompleted } from "../state/completed.js";
import { tick, unitText } from "../format.js";
import { Legend } from "./legend.js";
import { usePalette } from "./palette.js";
import { choices, cohortShapes, isIl2, outputsOf, outputTitle, panelsOf, regimens } from "./panels.js";

const CELLS = ["treg", "nk", "cd56bright", "cd56dim"]; // counted in blood

/** Whether cells of a panel leave the blood for a while after a dose. */
function dips(model, panels) {
  return model.parameters.some((p) => p.name.endsWith("margination")) && panels.some((p) => CELLS.includes(p.output));
}

export function Charts({ state, actions, t }) {
  const palette = usePalette();
  const [zoom, setZoom] = useState(null);
  const completed = useCompleted(state.pins, outputsOf(state), state.model.key);
  const names = completed.map((p) => `${p.colour} ${p.label}`).join("\n");
  const pins = useMemo(() => completed, [names, ...answersOf(completed)]);
  const panels = useMemo(
    () => panelsOf({ ...state, pins }, t),
    [state.answer, state.bands, state.bandKind, pins, state.cohort, state.view, state.model, state.language, t],
  );
  const days = panels[0]?.days ?? 0;
  const shown = useMemo(() => (zoom && zoom[0] < days ? [zoom[0], Math.min(zoom[1], days)] : null), [zoom, days]);
  const words = useMemo(
    () => ({
      key: state.language,
      days: t("chart.days"),
      limit: (limit) => t("chart.limit", { value: `${tick(limit.value)} ${unitText(limit.unit)}` }),
    }),
    [state.language, t],
  );
  useLayoutEffect(() => {
    // uPlot draws in a microtask of its own, asked for before this one.
    queueMicrotask(() => {
      if (state.answer) document.documentElement.dataset.drawn = state.answer.number ?? "";
    });
  }, [panels, palette, shown]);
  if (!panels.length) return html`<p class="charts-waiting" role="status">${t("chart.waiting")}</p>`;
  return html`<div class="charts">
    <${Toolbar} state=${state} actions=${actions} t=${t} zoomed=${!!shown} whole=${() => setZoom(null)} />
    <${Legend} t=${t} lines=${regimens(state, t)} rests=${state.answer?.rests?.length > 0}
      shapes=${cohortShapes(state.cohort)} bandText=${bandText(state.bands, t)} />
    <div class="charts-grid">
      ${panels.map(
        (panel, i) => html`<${Chart} key=${panel.output} panel=${panel} palette=${palette} zoom=${shown}
          setZoom=${setZoom} words=${words} t=${t} wide=${i === 0 && alone(panels)} />`,
      )}
    </div>
    ${dips(state.model, panels) ? html`<p class="charts-help">${t("chart.dips")}</p>` : null}
    <p class="charts-help">${t("chart.help")}</p>
  </div>`;
}

/** IL-2 takes the whole width when it comes first; so does the first of an odd number of panels. */
function alone(panels) {
  return isIl2(panels[0].output) || panels.length % 2 === 1;
}

function bandText(bands, t) {
  return bands ? t(`bands.${bands.kind}_key`, { count: bands.count }) : "";
}

function Toolbar({ state, actions, t, zoomed, whole }) {
  const { fold, log } = state.view;
  return html`<div class="charts-bar">
    <${Switch} label=${t("chart.cells")} t=${t} chosen=${fold ? 1 : 0} options=${["chart.count", "chart.fold"]}
      choose=${(i) => actions.setView({ fold: i === 1 })} />
    ${outputsOf(state).some(isIl2)
      ? html`<${Switch} label=${t("chart.il2")} t=${t} chosen=${log ? 1 : 0} options=${["chart.linear", "chart.log"]}
          choose=${(i) => actions.setView({ log: i === 1 })} />`
      : null}
    <button type="button" class="charts-pin" disabled=${!state.answer || state.pins.length >= state.start.limits.pins}
      onClick=${() => actions.pin()}>${t("chart.pin")}</button>
    <button type="button" class="charts-whole" disabled=${!zoomed} onClick=${whole}>${t("chart.whole")}</button>
    <${Choose} state=${state} actions=${actions} t=${t} />
  </div>`;
}

/** As many as there can be colours, since a list of dependencies keeps its length. */
function answersOf(pins) {
  return Array.from({ length: 8 }, (_, i) => pins[i]?.answer);
}

/** Two or more buttons of which one is pressed. */
function Switch({ label, options, chosen, choose, t }) {
  return html`<div class="switch" role="group" aria-label=${label}>
    <span class="switch-label">${label}</span>
    ${options.map(
      (key, i) => html`<button type="button" key=${key} aria-pressed=${i === chosen ? "true" : "false"}
        onClick=${() => choose(i)}>${t(key)}</button>`,
    )}
  </div>`;
}

function Choose({ state, actions, t }) {
  const all = choices(state.model);
  const now = outputsOf(state);
  const change = (name, on) => {
    const wanted = all.map((o) => o.name).filter((n) => (n === name ? on : now.includes(n)));
    const outputs = inOrder(wanted, state.model.panels);
    actions.setView({ outputs });
    if (outputs.some((n) => !state.answer?.curves[n])) actions.setAsk({ outputs });
  };
  return html`<details class="charts-choose">
    <summary>${t("chart.panels", { count: now.length })}</summary>
    <fieldset><legend>${t("chart.choose")}</legend>
      ${all.map((o) => html`<label key=${o.name}>
        <input type="checkbox" checked=${now.includes(o.name)} disabled=${now.length === 1 && now[0] === o.name}
          onChange=${(event) => change(o.name, event.currentTarget.checked)} />
        ${outputTitle(t, state.model, o.name)}</label>`)}
    </fieldset>
  </details>`;
}

/** The model's usual panels first and in their order, then the others. */
function inOrder(names, first) {
  return [...first.filter((n) => names.includes(n)), ...names.filter((n) => !first.includes(n))];
}
