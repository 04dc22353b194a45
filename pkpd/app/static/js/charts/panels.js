// From the state to what each panel draws: plain objects, nothing of the canvas here.
import { unitText } from "../format.js";
import { union, resampled } from "./merge.js";
import { SHAPES } from "./points.js";

/** The curve a panel shows: its output, or the fold of it where the model has one and folds are asked for. */
export function shownName(model, output, fold) {
  const found = model?.outputs.find((o) => o.name === output);
  return fold && found?.fold ? found.fold : output;
}

/** Outputs that can have a panel of their own: folds share the panel of their counts. */
export function choices(model) {
  const folds = new Set(model.outputs.map((o) => o.fold).filter(Boolean));
  return model.outputs.filter((o) => !folds.has(o.name));
}

/** Outputs with a panel, in order. */
export function outputsOf(state) {
  return state.view.outputs?.length ? state.view.outputs : (state.model?.panels ?? []);
}

export function outputTitle(t, model, name) {
  const found = model?.outputs.find((o) => o.name === name);
  if (found) return found.meaning ? t.said(found.meaning) : name;
  return t.or(`output.${name}`, name); // of a pin of another model
}

/** Levels of IL-2 have a choice of axis; all else is counts and folds. */
export function isIl2(output) {
  return output.startsWith("il2");
}

/** The regimens: the current one first, then pins, each with its colour (which is also its dash). */
export function regimens(state, t) {
  const own = { label: t("chart.current"), colour: 0, answer: state.answer };
  return [own, ...state.pins].filter((r) => r.answer).map(({ label, colour, answer }) => ({ label, colour, answer }));
}

/** Shapes of the arms of an uploaded cohort, in the order of the file. */
export function cohortShapes(cohort) {
  const names = [...new Set((cohort?.rows ?? []).filter((r) => r.panel).map(armOf))];
  return new Map(names.map((name, i) => [name, SHAPES[i % SHAPES.length]]));
}

export function armOf(row) {
  return [row.study, row.arm].filter(Boolean).join(" ") || row.regimen || "";
}

/** All panels, in the order of the view. */
export function panelsOf(state, t) {
  const all = regimens(state, t);
  if (!all.length || !state.model) return [];
  const shared = { all, x: timesOf(all, state.bands), shapes: cohortShapes(state.cohort) };
  return outputsOf(state).map((output) => panelOf(state, t, output, shared));
}

function timesOf(all, bands) {
  const lists = [...new Set(all.map((r) => r.answer.times))];
  if (bands?.times) lists.push(bands.times);
  // Most changes leave the times as they were; the same list then needs no resampling.
  const kept = lists.filter((list, i) => !lists.slice(0, i).some((other) => sameTimes(other, list)));
  return union(kept);
}

function sameTimes(a, b) {
  return a === b || (a.length === b.length && a.every((time, i) => time === b[i]));
}

function panelOf(state, t, output, { all, x, shapes }) {
  const name = shownName(state.model, output, state.view.fold);
  const unit = all.find((r) => r.answer.curves[name])?.answer.curves[name].unit ?? "";
  const having = all.filter((r) => r.answer.curves[name]?.unit === unit); // a pin of another model may lack the curve
  const kind = kindOf(state, output, name);
  const lines = having.map((r) => lineOf(r, name, x));
  const band = bandOf(state, name, x);
  const points = pointsOf(state.cohort, name, shapes);
  const limit = limitOf(state, name, kind);
  return {
    output, name, unit, kind, lines, band, points, limit,
    title: outputTitle(t, state.model, output),
    axis: kind === "fold" ? t("chart.fold_axis") : unitText(unit),
    days: Math.max(...all.map((r) => r.answer.days)),
    rests: state.answer?.rests ?? [],
    data: [x, ...(band ? [band.high, band.low] : []), ...[...lines].reverse().map((l) => l.values)],
    extent: extentOf(lines, band, points, limit, kind),
  };
}

function kindOf(state, output, name) {
  if (name !== output) return "fold";
  if (!isIl2(output)) return name.endsWith("_fold") ? "fold" : "count";
  return state.view.log ? "log" : "linear";
}

function lineOf(regimen, name, x) {
  const { times, curves, doses } = regimen.answer;
  const { values } = curves[name];
  let peak = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[peak]) peak = i;
  const rises = values[peak] - values[0] > 1e-6 * Math.abs(values[peak]);
  return {
    label: regimen.label,
    colour: regimen.colour,
    doses,
    values: resampled(sameTimes(times, x) ? x : times, values, x),
    peak: { value: values[peak], day: times[peak], rises },
  };
}

/** The band; while it is awaited an empty one, so that the chart stays the same. */
function bandOf({ bands, bandKind }, name, x) {
  const found = bands?.bands?.[name];
  if (!found && (bands || bandKind === "none")) return null;
  if (!found) return { low: x.map(() => null), high: x.map(() => null) };
  const times = sameTimes(bands.times, x) ? x : bands.times;
  return { low: resampled(times, found.low, x), high: resampled(times, found.high, x) };
}

function pointsOf(cohort, name, shapes) {
  return (cohort?.rows ?? [])
    .filter((row) => row.panel === name)
    .map((row) => ({
      from: row.day_from,
      to: row.day_to ?? row.day_from,
      value: row.value, // null where a range alone was printed
      low: row.low,
      high: row.high,
      bound: row.bound === "<" || row.bound === ">" ? row.bound : "",
      shape: shapes.get(armOf(row)),
    }));
}

function limitOf(state, name, kind) {
  const limit = state.model.assay_limit?.[name];
  return limit && (kind === "log" || kind === "linear") ? limit : null;
}

/** The lowest value above 0 and the highest one of all that is drawn. */
function extentOf(lines, band, points, limit, kind) {
  let low = Infinity;
  let high = 0;
  const see = (value) => {
    if (value > high) high = value;
    if (value > 0 && value < low) low = value;
  };
  for (const line of lines) line.values.forEach(see);
  if (band) for (const side of [band.low, band.high]) side.forEach(see);
  for (const point of points) [point.value, point.low, point.high].forEach((v) => v !== null && see(v));
  if (limit && kind === "log") see(limit.value);
  return [low === Infinity ? 0 : low, high];
}
