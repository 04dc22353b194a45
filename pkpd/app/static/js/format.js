// Numbers, units and days as text.

/** Three significant digits, without an exponent where a reader would not want one. */
export function three(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size === 0 || (size >= 100 && size < 1e6 && Number.isInteger(value))) return String(value);
  if (size >= 1e6 || size < 1e-3) return value.toExponential(2).replace("e+", "e");
  if (size >= 1000) return String(Math.round(value));
  const text = value.toPrecision(3);
  return text.includes("e") ? String(Number(text)) : text;
}

/** A number as a tick of an axis: no trailing zeros. */
export function tick(value) {
  const size = Math.abs(value);
  if (size >= 1e5 || (size !== 0 && size < 1e-3)) return value.toExponential(0).replace("e+", "e");
  return String(Number(value.toPrecision(6)));
}

/** A day with at most two decimals. */
export function day(value) {
  return String(Math.round(value * 100) / 100);
}

/** A unit as it is printed; "1" has no text. */
export function unitText(unit) {
  return unit === "1" || !unit ? "" : printed(unit);
}

/** A text that ends in a unit, with the unit as it is printed. */
export function printed(text) {
  return text.replace("/uL", "/µL").replace(/\bug\b/, "µg").replaceAll("*", "·").replace(/\bm2\b/, "m²");
}

/** A value with its unit. */
export function measured(value, unit) {
  const own = unitText(unit);
  return own ? `${three(value)} ${own}` : three(value);
}
