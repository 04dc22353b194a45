// Options of one uPlot chart. Hooks and ranges read `scene`, so new data needs no new chart.
import uPlot from "../../vendor/uPlot.esm.js";
import { day, tick } from "../format.js";
import { drawDoses, drawLevel, drawRests, ROW } from "./doses.js";
import { drawPoints } from "./points.js";
import { DASHES } from "./palette.js";
import { dayTicks, yRange, yTicks } from "./scales.js";

const FONT = "12px system-ui, sans-serif";
const MOVES = new Set(["mousemove", "mouseleave"]);

/** What a chart cannot change once it is made; charts are made again when this text changes. */
export function plotKey(panel, palette) {
  const colours = panel.lines.map((line) => line.colour).join(",");
  return [panel.name, panel.kind, colours, !!panel.band, panel.axis, devicePixelRatio, palette.key].join("|");
}

/** Options for uPlot; `scene()` is {panel, palette, zoom, words}, `told` has {cursor, zoomed, whole} to call. */
export function plotOptions(panel, palette, size, scene, told) {
  return {
    ...size,
    legend: { show: false },
    padding: [10, 12, 0, 0],
    scales: scalesOf(panel, scene),
    axes: axesOf(panel, palette, scene),
    series: [{}, ...seriesOf(panel, palette)],
    bands: panel.band ? [{ series: [1, 2], fill: palette.band }] : [],
    cursor: cursorOf(told),
    hooks: hooksOf(scene, told),
  };
}

function scalesOf(panel, scene) {
  const distr = panel.kind === "fold" || panel.kind === "log" ? 3 : 1;
  return {
    x: { time: false, range: () => scene().zoom ?? [0, scene().panel.days] },
    y: {
      distr,
      log: panel.kind === "fold" ? 2 : 10,
      range: () => yRange(scene().panel.kind, ...scene().panel.extent),
    },
  };
}

function axesOf(panel, palette, scene) {
  const look = { font: FONT, labelFont: FONT, stroke: palette.quiet, filter: (u, splits) => splits };
  const grid = { stroke: palette.grid, width: 1 };
  const rows = Math.max(panel.lines.length, 1) * ROW + 4;
  const x = {
    ...look, grid, ticks: { show: false }, gap: rows, size: rows + 18, labelSize: 16, labelGap: 0,
    label: scene().words.days,
    splits: (u, axis, from, to) => dayTicks(from, to, u.bbox.width / uPlot.pxRatio),
    values: (u, splits) => splits.map(day),
  };
  const y = {
    ...look, grid, ticks: { show: false }, gap: 6, size: 46, labelSize: 18, labelGap: 0,
    label: panel.axis,
    splits: (u, axis, from, to) => yTicks(scene().panel.kind, from, to),
    values: (u, splits) => splits.map(tick),
  };
  return [x, y];
}

function seriesOf(panel, palette) {
  const ends = panel.band ? [edge(palette), edge(palette)] : [];
  // The current regimen comes last, so that it lies on top.
  const lines = [...panel.lines].reverse().map((line) => ({
    stroke: palette[`series-${line.colour}`],
    width: line.colour === 0 ? 2 : 1.75,
    dash: DASHES[line.colour].map((d) => d * devicePixelRatio),
    points: { show: false },
    spanGaps: false,
  }));
  return [...ends, ...lines];
}

function edge(palette) {
  return { stroke: palette.band, width: 0, points: { show: false } };
}

function cursorOf(told) {
  return {
    y: false,
    points: { size: 7 },
    drag: { x: true, y: false, setScale: false },
    sync: { key: "pkpd", filters: { pub: (type) => MOVES.has(type), sub: () => true } },
    bind: { dblclick: () => () => told.whole() },
  };
}

function hooksOf(scene, told) {
  const ratio = () => uPlot.pxRatio;
  return {
    drawClear: [(u) => drawRests(u, scene().panel.rests, scene().palette)],
    drawAxes: [(u) => drawReference(u, scene(), ratio())],
    draw: [
      (u) => {
        const { panel, palette, words } = scene();
        if (panel.limit) drawLevel(u, panel.limit.value, palette, ratio(), [6, 4], words.limit(panel.limit));
        drawDoses(u, panel.lines, palette, ratio());
        drawPoints(u, panel.points, palette, ratio());
      },
    ],
    setCursor: [(u) => told.cursor(u.cursor.left >= 0 ? (u.cursor.idx ?? null) : null)],
    setSelect: [(u) => select(u, told)],
  };
}

function drawReference(u, { panel, palette }, ratio) {
  if (panel.kind === "fold") drawLevel(u, 1, palette, ratio, []);
}

function select(u, told) {
  const { left, width } = u.select;
  if (width < 4) return;
  told.zoomed([u.posToVal(left, "x"), u.posToVal(left + width, "x")]);
  u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
}
