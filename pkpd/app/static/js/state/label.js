// What to call a regimen.

/** Its schedule, and what of it is not as at the start: model, set, body size and parameters. */
export function labelOf({ schedule, model, set, bsa, weight, changes }, start) {
  const own = [model === start.ask.model ? "" : model, (set || "") === (start.ask.set || "") ? "" : set].filter(Boolean);
  const given = Object.entries({ bsa, weight, ...changes }).filter(([, text]) => text);
  return [schedule, ...own, ...given.map(([name, text]) => `${name} = ${text}`)].join("; ");
}
