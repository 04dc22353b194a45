// One panel: a figure with a uPlot canvas, a line of values in text, and keys that move and zoom.
import uPlot from "../../vendor/uPlot.esm.js";
import { html, useCallback, useEffect, useLayoutEffect, useRef, useState } from "../../vendor/htm-preact.module.js";
import { Readout, sentence } from "./readout.js";
import { plotKey, plotOptions } from "./plot.js";

/** A panel of panels.js. `zoom` is [from, to] in days or null for the whole time. */
export function Chart({ panel, palette, zoom, setZoom, words, t, wide }) {
  const place = useRef(null);
  const plot = useRef(null);
  const scene = useRef(null);
  scene.current = { panel, palette, zoom, words, setZoom };
  const [cursor, setCursor] = useState(null);
  const active = useRef(false);
  usePlot(place, plot, scene, setCursor, plotKey(panel, palette) + words.key);
  useSize(place, plot);
  const onKeyDown = useCallback((event) => keyed(event, plot.current, scene.current), []);
  const id = `chart-${panel.output}`;
  const empty = panel.lines.length === 0;
  return html`<figure class=${wide ? "chart chart-wide" : "chart"} tabindex="0" aria-labelledby=${`${id}-name`} aria-describedby=${`${id}-said`}
      onKeyDown=${onKeyDown} onFocusIn=${() => (active.current = true)} onFocusOut=${() => (active.current = false)}>
    <figcaption id=${`${id}-name`}>${panel.title}${panel.axis ? html`<span class="chart-unit">${panel.axis}</span>` : null}</figcaption>
    <p id=${`${id}-said`} class="chart-said">${empty ? t("chart.waiting") : sentence(panel, t)}</p>
    <${Readout} panel=${panel} cursor=${cursor} live=${active.current} t=${t} />
    <div class="chart-canvas" ref=${place} aria-hidden="true"></div>
  </figure>`;
}

/** The chart itself: made again when `key` changes, otherwise only given new data. */
function usePlot(place, plot, scene, setCursor, key) {
  useLayoutEffect(() => {
    const told = {
      cursor: (index) => setCursor((old) => (old === index ? old : index)),
      zoomed: (range) => scene.current.setZoom(range),
      whole: () => scene.current.setZoom(null),
    };
    const { panel, palette } = scene.current;
    const options = plotOptions(panel, palette, sizeOf(place.current), () => scene.current, told);
    plot.current = new uPlot(options, panel.data, place.current);
    return () => {
      plot.current.destroy();
      plot.current = null;
      setCursor(null);
    };
  }, [key]);
  const drawn = useRef(null);
  const { panel, zoom } = scene.current;
  useLayoutEffect(() => {
    if (drawn.current !== null && drawn.current === plot.current) plot.current.setData(panel.data);
    drawn.current = plot.current;
  }, [panel, zoom]);
}

function sizeOf(element) {
  return { width: Math.max(element.clientWidth, 120), height: Math.max(element.clientHeight, 120) };
}

function useSize(place, plot) {
  useEffect(() => {
    const watcher = new ResizeObserver(() => {
      const size = sizeOf(place.current);
      const now = plot.current;
      if (now && (size.width !== now.width || size.height !== now.height)) now.setSize(size);
    });
    watcher.observe(place.current);
    return () => watcher.disconnect();
  }, []);
}

const KEYS = new Set(["ArrowLeft", "ArrowRight", "Home", "End", "+", "=", "-", "Escape"]);

function keyed(event, u, scene) {
  if (!u || !KEYS.has(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  if (event.key === "Escape") leave(u, scene);
  else if ("+=-".includes(event.key)) zoomBy(event.key === "-" ? 2 : 0.5, u, scene);
  else moveTo(event, u);
}

function leave(u, scene) {
  u.setCursor({ left: -10, top: -10 }, true, true);
  scene.setZoom(null);
}

function moveTo(event, u) {
  const width = u.over.clientWidth;
  const step = event.shiftKey ? width / 10 : Math.max(width / 200, 1);
  const now = u.cursor.left >= 0 ? u.cursor.left : event.key === "ArrowLeft" ? width : 0;
  const aim = { ArrowLeft: now - step, ArrowRight: now + step, Home: 0, End: width }[event.key];
  u.setCursor({ left: Math.min(Math.max(aim, 0), width), top: u.over.clientHeight / 2 }, true, true);
}

function zoomBy(factor, u, scene) {
  const [from, to] = scene.zoom ?? [0, scene.panel.days];
  const centre = u.cursor.left >= 0 ? u.posToVal(u.cursor.left, "x") : (from + to) / 2;
  const span = Math.max((to - from) * factor, 0.25);
  if (span >= scene.panel.days) return scene.setZoom(null);
  const start = Math.min(Math.max(centre - span / 2, 0), scene.panel.days - span);
  scene.setZoom([start, start + span]);
}
