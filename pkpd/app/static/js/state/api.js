// Requests to the server. A failure is a Refusal (the server said why) or Gone (no server answered).

export class Refusal extends Error {
  constructor(text, field, status) {
    super(text);
    this.field = field || "";
    this.status = status;
  }
}

export class Gone extends Error {}

let number = 0;

export const getStart = () => json("/api/start");

export const getTexts = () => json("/static/texts.json");

export const getModel = (model, set) => json(`/api/model?${new URLSearchParams({ model, set })}`);

/** The answer to an ask; `number` counts the requests of this page. */
export async function simulate(ask) {
  const own = ++number;
  const answer = await post("/api/simulate", ask);
  return { ...answer, number: own };
}

export const getBands = (ask, kind, patients, seed) => post("/api/bands", { ask, kind, patients, seed });

/** Send a cohort: `body` is a File, a Blob or a text. */
export const sendCohort = (body, model) =>
  json(`/api/cohort?${new URLSearchParams({ model })}`, { method: "POST", headers: { "Content-Type": "text/csv" }, body });

function post(address, body) {
  const headers = { "Content-Type": "application/json" };
  return json(address, { method: "POST", headers, body: JSON.stringify(body) });
}

async function json(address, options) {
  const response = await reach(address, options);
  if (response.ok) return read(response);
  throw await refusal(response);
}

/** A response whatever its status; Gone when there is none. */
export async function reach(address, options) {
  try {
    return await fetch(address, options);
  } catch (error) {
    throw new Gone(String(error));
  }
}

/** The Refusal that a response says. */
export async function refusal(response) {
  const said = await response.json().catch(() => null);
  const text = said && typeof said.error === "string" ? said.error : `${response.status} ${response.statusText}`;
  return new Refusal(text, said && said.field, response.status);
}

async function read(response) {
  try {
    return await response.json();
  } catch (error) {
    throw new Gone(String(error));
  }
}

/** A lane with one request in flight at most: of those that wait, only the newest is sent. */
export function newestOnly(send, done, failed) {
  let flying = false;
  let waiting = null;
  async function pump() {
    while (waiting) {
      const ask = waiting;
      waiting = null;
      try {
        const answer = await send(ask);
        done(ask, answer, !waiting);
      } catch (error) {
        failed(ask, error, !waiting);
      }
    }
    flying = false;
  }
  return (ask) => {
    waiting = ask;
    if (flying) return;
    flying = true;
    pump();
  };
}
