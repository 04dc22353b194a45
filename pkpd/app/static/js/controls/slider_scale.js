// A slider's positions and the values they stand for, on a linear or a log scale.

export const STEPS = 200;

/** Whether a parameter can have a slider. */
export const hasRange = ({ low, high }) => Number.isFinite(low) && Number.isFinite(high) && low < high;

const isLog = ({ log, low }) => log && low > 0;

/** The position (0 to STEPS) nearest to a value; values outside the bounds go to the ends. */
export function position(parameter, value) {
  const { low, high } = parameter;
  const share = isLog(parameter)
    ? Math.log(Math.max(value, low) / low) / Math.log(high / low)
    : (value - low) / (high - low);
  return Math.round(STEPS * Math.min(1, Math.max(0, share)));
}

/** The value at a position, with no more digits than the slider resolves; the default at the default's own position. */
export function valueAt(parameter, at) {
  const { low, high, value } = parameter;
  if (at <= 0) return low;
  if (at >= STEPS) return high;
  if (at === position(parameter, value) && value >= low && value <= high) return value;
  const raw = isLog(parameter) ? low * (high / low) ** (at / STEPS) : low + ((high - low) * at) / STEPS;
  const step = isLog(parameter) ? raw * ((high / low) ** (1 / STEPS) - 1) : (high - low) / STEPS;
  const digits = Math.ceil(Math.log10(raw / step)) + 1;
  return Number(raw.toPrecision(Math.min(12, Math.max(2, digits))));
}

/** The number at the start of a changed value's text (`"12 pM"`), or null. */
export function numberOf(text) {
  const found = /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?/i.exec(text || "");
  return found ? Number(found[0]) : null;
}

/** A value with its unit as the program reads it: `12 pM`, or `0.4` for a plain number. */
export const withUnit = (number, unit) => (unit === "1" ? `${number}` : `${number} ${unit}`);
