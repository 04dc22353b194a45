// Ranges and ticks of the axes. Kinds of y axis: "linear", "log" (tens), "count" (from 0), "fold" (twos).

const DAY_STEPS = [1 / 24, 1 / 12, 1 / 8, 1 / 4, 1 / 2, 1, 2, 7, 14, 28, 56, 84, 168, 336, 672, 1344];
const LABEL = 32; // CSS pixels that a label of a day and the space beside it need
const DECADES = 5; // a semi-log axis shows no more, since a curve may fall for ever
const OCTAVES = 6; // below 1

/** Ticks in days: the finest step whose labels do not touch, weeks from a fortnight on. */
export function dayTicks(from, to, width) {
  const room = ((to - from) * LABEL) / Math.max(width, 1);
  const step = DAY_STEPS.find((s) => s >= room) ?? room;
  const ticks = [];
  for (let i = Math.ceil(from / step - 1e-6); i * step <= to + step * 1e-6; i++) ticks.push(i * step);
  return ticks;
}

/** From and to of the y axis that hold low..high (low above 0 where it can be). */
export function yRange(kind, low, high) {
  if (kind === "fold") return foldRange(low, high);
  if (kind === "log") return logRange(low, high);
  const top = high > 0 ? high : 1;
  const step = niceStep(top * 1.04, 5);
  return [0, Math.ceil((top * 1.04) / step) * step];
}

function foldRange(low, high) {
  const lowest = Math.max(low > 0 ? low : 0.5, 2 ** -OCTAVES);
  const from = Math.min(-1, Math.floor(Math.log2(lowest) + 1e-6));
  const to = Math.max(1, Math.ceil(Math.log2(Math.max(high, 1)) - 1e-6));
  return [2 ** from, 2 ** to];
}

function logRange(low, high) {
  const top = high > 0 ? high : 1;
  const bottom = Math.max(low > 0 ? low : top / 1000, top / 10 ** DECADES);
  const from = Math.floor(Math.log10(bottom) + 1e-6);
  return [10 ** from, 10 ** Math.max(from + 1, Math.ceil(Math.log10(top) - 1e-6))];
}

/** Ticks of the y axis within its range. */
export function yTicks(kind, from, to) {
  if (kind === "fold") return powers(2, from, to, 7);
  if (kind === "log") return powers(10, from, to, 6);
  const step = niceStep(to - from, 5);
  const ticks = [];
  for (let i = 0; i * step <= to * (1 + 1e-9); i++) ticks.push(i * step);
  return ticks;
}

function powers(base, from, to, most) {
  const first = Math.round(Math.log(from) / Math.log(base));
  const last = Math.round(Math.log(to) / Math.log(base));
  const step = Math.ceil((last - first + 1) / most);
  const ticks = [];
  // Counted from 0, so that 1, the value before treatment, is always among them.
  for (let i = Math.ceil(first / step) * step; i <= last; i += step) ticks.push(base ** i);
  return ticks;
}

function niceStep(span, wanted) {
  const rough = span / wanted;
  const ten = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 2.5, 5, 10].map((s) => s * ten).find((s) => s >= rough * 0.999);
}
