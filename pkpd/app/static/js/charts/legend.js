// What the lines, shades and points mean: samples drawn as SVG, so that colour is never alone.
import { html } from "../../vendor/htm-preact.module.js";
import { DASHES } from "./palette.js";
import { corners } from "./points.js";

/** A sample of a regimen's line. */
export function Swatch({ colour, short }) {
  const width = short ? 22 : 34;
  return html`<svg class=${`swatch swatch-${colour}`} width=${width} height="10" aria-hidden="true">
    <line x1="0" x2=${width} y1="5" y2="5" stroke-width=${colour === 0 ? 2.5 : 2}
      stroke-dasharray=${DASHES[colour].join(" ")} />
  </svg>`;
}

function Marker({ shape }) {
  const points = corners(shape, 4);
  return html`<svg class="swatch swatch-point" width="12" height="12" viewBox="-6 -6 12 12" aria-hidden="true">
    ${points ? html`<polygon points=${points.map((p) => p.join(",")).join(" ")} />` : html`<circle r="4" />`}
  </svg>`;
}

function Box({ kind }) {
  return html`<svg class=${`swatch swatch-${kind}`} width="22" height="12" aria-hidden="true">
    <rect width="22" height="12" />
  </svg>`;
}

function Tick() {
  return html`<svg class="swatch swatch-0" width="12" height="10" aria-hidden="true">
    <path d="M2 2V8M6 2V8M10 2V8" stroke-width="1.5" />
  </svg>`;
}

/** Keys of all panels at once. */
export function Legend({ lines, bandText, rests, shapes, t }) {
  return html`<ul class="legend" aria-label=${t("legend.title")}>
    ${lines.map((l) => html`<li key=${l.colour}><${Swatch} colour=${l.colour} />${l.label}</li>`)}
    ${bandText ? html`<li><${Box} kind="band" />${bandText}</li>` : null}
    ${rests ? html`<li><${Box} kind="shade" />${t("legend.rest")}</li>` : null}
    <li><${Tick} />${t("legend.doses")}</li>
    ${[...shapes].map(
      ([name, shape]) => html`<li key=${`p-${name}`}><${Marker} shape=${shape} />${name || t("legend.cohort")}</li>`,
    )}
  </ul>`;
}
