// The builder's fields as the text of a schedule.

export const SIMPLE = { amount: "1", unit: "MIU", route: "sc", over: "", interval: "2", times: 7, rest: "", cycles: 1 };

const filled = (value) => String(value ?? "").trim() !== "";
const positive = (value) => Number(value) > 0; // a 0 is often the beginning of 0.5

/** The names of the fields that still need a number. */
export function missing(builder) {
  return ["amount", "interval", "times", "cycles"].filter((name) => !positive(builder[name]));
}

export const isReady = (builder) => Boolean(builder) && missing(builder).length === 0;

const BARE = ["sc", "iv"]; // routes that need no `via`

/** `1 MIU sc every 2d x7, rest 14d, repeat 3`: the rule of `builder_text` in builder.py. */
export function scheduleText(builder) {
  const { amount, unit, route, over, interval, times, rest, cycles } = builder;
  const infused = route === "iv" && filled(over) ? ` over ${over}h` : "";
  const into = route && (BARE.includes(route) ? ` ${route}` : ` via ${route}`);
  // a block of one dose too lasts its interval: `once` would repeat daily
  const parts = [`${amount} ${unit}${into}${infused} every ${interval}d x${times}`];
  if (filled(rest)) parts.push(`rest ${rest}d`);
  if (Number(cycles) !== 1) parts.push(`repeat ${cycles}`);
  return parts.join(", ");
}
