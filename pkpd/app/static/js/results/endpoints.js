// The table of endpoints: a row an endpoint, a column a regimen.
import { html } from "../../vendor/htm-preact.module.js";
import { day, three, unitText } from "../format.js";
import { Swatch } from "../charts/legend.js";
import { outputTitle, regimens } from "../charts/panels.js";

export function Endpoints({ state, t }) {
  const columns = regimens(state, t).map((r) => ({ ...r, found: byId(r.answer.endpoints) }));
  const groups = grouped(columns);
  if (!groups.length) return html`<p class="quiet">${t("endpoints.none")}</p>`;
  return html`<div class="endpoints" tabindex="0" role="region" aria-label=${t("endpoints.title")}>
    <table>
      <caption><span>${t("endpoints.caption")}</span></caption>
      <thead><tr><th scope="col">${t("endpoints.what")}</th>
        ${columns.map((c) => html`<th scope="col" key=${c.colour} class="endpoints-number">
          <${Swatch} colour=${c.colour} short=${true} /> ${c.label}</th>`)}</tr></thead>
      ${groups.map((group) => html`<${Group} key=${group.output} ...${{ group, columns, state, t }} />`)}
    </table>
  </div>`;
}

function Group({ group, columns, state, t }) {
  return html`<tbody>
    <tr class="endpoints-group"><th scope="rowgroup" colspan=${columns.length + 1}>
      <span>${group.output ? outputTitle(t, state.model, group.output) : t("endpoints.doses")}</span></th></tr>
    ${group.rows.map(
      (row) => html`<tr key=${row.id}>
      <th scope="row">${called(row, t)}
        ${unitText(row.unit) ? html` <span class="quiet">${unitText(row.unit)}</span>` : null}</th>
      ${columns.map((c) => html`<${Cell} key=${c.colour} row=${c.found.get(row.id)} unit=${row.unit}
        dated=${dated(row, c.found)} t=${t} />`)}
    </tr>`,
    )}
  </tbody>`;
}

/** What a row is, and after which dose: "treg.peak", "il2.cmax.first". */
function called(row, t) {
  const what = t.or(`endpoint.${row.what}`, row.what);
  const which = /\.(first|last)$/.exec(row.id)?.[1];
  return which ? t(`endpoint.${which}_dose`, { what }) : what;
}

/** Whether the day is worth saying: once a dose, and for peaks where no row of its own says it. */
function dated(row, found) {
  if (row.what === "peak") return !found.has(`${row.output}.peak_day`);
  return row.what === "cmax" || row.what === "end_fold";
}

/** A value; where a regimen has another unit than the row's head says, its own unit as well. */
function Cell({ row, unit, dated, t }) {
  if (!row) return html`<td class="endpoints-number">–</td>`;
  const own = row.unit === unit ? "" : ` ${unitText(row.unit)}`;
  const when = !dated || row.day === null || row.day === undefined ? "" : t("endpoints.day", { day: day(row.day) });
  const said = when ? html` <span class="quiet">${when}</span>` : null;
  return html`<td class="endpoints-number">${valueText(row)}${own}${said}</td>`;
}

/** Doses are counted and summed without zeros at the end; days as everywhere on the page; all else to three digits. */
function valueText({ id, output, value }) {
  if (!Number.isFinite(value)) return three(value);
  if (!output && value < 1e6) return String(Math.round(value * 1000) / 1000);
  return id.endsWith(".peak_day") ? day(value) : three(value);
}

function byId(rows) {
  return new Map((rows ?? []).map((row) => [row.id, row]));
}

/** Rows of all regimens by output, in the order in which they come first. */
function grouped(columns) {
  const groups = new Map();
  const seen = new Set();
  for (const { found } of columns) {
    for (const row of found.values()) {
      if (seen.has(row.id)) continue;
      seen.add(row.id);
      if (!groups.has(row.output)) groups.set(row.output, { output: row.output, rows: [] });
      groups.get(row.output).rows.push(row);
    }
  }
  return [...groups.values()];
}
