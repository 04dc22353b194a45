// The line of text of a panel: values under the cursor, or peaks when there is no cursor.
import { html } from "../../vendor/htm-preact.module.js";
import { day, measured, three, unitText } from "../format.js";
import { Swatch } from "./legend.js";

/** One sentence a regimen: its peak and when it is, for those who do not see the canvas. */
export function sentence(panel, t) {
  return panel.lines.map((line) => t(line.peak.rises ? "chart.peak" : "chart.no_peak", said(panel, line))).join(" ");
}

function said(panel, line) {
  return { label: line.label, value: measured(line.peak.value, panel.unit), day: day(line.peak.day) };
}

/** Both texts share one place, so that the panel keeps its height when the cursor comes and goes. */
export function Readout({ panel, cursor, live, t }) {
  const on = cursor !== null;
  const index = on ? Math.min(cursor, panel.data[0].length - 1) : 0;
  const unit = unitText(panel.unit);
  const at = day(panel.data[0][index]);
  const peaks = panel.lines.map(({ colour, peak }) => {
    const said = { value: three(peak.value), day: day(peak.day) };
    return [colour, t(peak.rises ? "chart.peak_short" : "chart.no_peak_short", said)];
  });
  const values = panel.lines.map((line) => [line.colour, three(line.values[index])]);
  const heads = [t("chart.peaks"), t("chart.day", { day: at })].map((head) => (unit ? `${head} (${unit})` : head));
  return html`<div class="readout">
    <${Layer} head=${heads[0]} items=${peaks} shown=${!on} hidden=${true} />
    <${Layer} head=${heads[1]} items=${values} shown=${on} live=${live} />
  </div>`;
}

function Layer({ head, items, shown, hidden, live }) {
  return html`<p class=${shown ? "readout-line" : "readout-line readout-off"} aria-hidden=${hidden ? "true" : undefined}
      aria-live=${live ? "polite" : "off"}>
    <span class="readout-day">${head}</span>
    ${items.map(
      ([colour, text]) => html`<span class="readout-item" key=${colour}>
        <${Swatch} colour=${colour} short=${true} />${text}</span>`,
    )}
  </p>`;
}
