// The page's state as the address's hash: only what differs from the start.

const PLAIN = ["model", "set", "schedule", "days", "bsa", "weight"];
const CHANGE = "p.";
const BANDS = ["uncertainty", "population"];

/** The hash of a state, without "#"; empty at the start. */
export function encode(state) {
  const query = asked(state.ask, state.start.ask);
  if (state.view.log) query.set("log", "1");
  if (state.view.fold) query.set("fold", "1");
  if (state.view.outputs.join() !== state.model.panels.join()) query.set("outputs", state.view.outputs.join());
  if (state.bandKind !== "none") query.set("bands", state.bandKind);
  for (const pin of state.pins) query.append("pin", pinText(pin, state.start.ask));
  return query.toString();
}

function pinText(pin, start) {
  const query = asked(pin.ask, start);
  query.set("label", pin.label);
  return query.toString();
}

function asked(ask, start) {
  const query = new URLSearchParams();
  for (const key of PLAIN) if ((ask[key] || "") !== (start[key] || "")) query.set(key, ask[key] || "");
  const [own, given] = [ask.changes || {}, start.changes || {}];
  for (const name of new Set([...Object.keys(given), ...Object.keys(own)]))
    if ((own[name] || "") !== (given[name] || "")) query.set(CHANGE + name, own[name] || "");
  return query;
}

/** What a hash says: {ask, view, bandKind, pins: [{label, ask}]}; null when it says nothing; throws on an unknown part. */
export function decode(hash, start, limit) {
  const text = hash.replace(/^#/, "");
  if (!text.includes("=")) return null;
  const found = { ask: blank(start), view: {}, bandKind: "none", pins: [] };
  for (const [key, value] of new URLSearchParams(text)) {
    if (key === "log" || key === "fold") found.view[key] = value === "1";
    else if (key === "outputs") found.ask.outputs = found.view.outputs = value.split(",").filter(Boolean);
    else if (key === "bands" && BANDS.includes(value)) found.bandKind = value;
    else if (key === "pin") found.pins.push(pinned(value, start));
    else patch(found.ask, key, value);
  }
  found.pins = found.pins.slice(0, limit);
  return found;
}

function pinned(text, start) {
  const pin = { label: "", ask: blank(start) };
  for (const [key, value] of new URLSearchParams(text)) {
    if (key === "label") pin.label = value;
    else patch(pin.ask, key, value);
  }
  return pin;
}

const blank = (start) => ({ ...start, changes: { ...(start.changes || {}) } });

function patch(ask, key, value) {
  const name = key.startsWith(CHANGE) ? key.slice(CHANGE.length) : "";
  if (PLAIN.includes(key)) ask[key] = value;
  else if (!/^\w+$/.test(name)) throw new Error(key);
  else if (value) ask.changes[name] = value;
  else delete ask.changes[name];
}

export const read = () => location.hash;

/** Put the state into the address without a new entry in the history. */
export function write(state) {
  const hash = encode(state);
  const now = location.hash.replace(/^#/, "");
  if (hash !== now) history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
}
