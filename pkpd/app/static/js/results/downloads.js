// Files to take away, and the command that writes the same numbers.
import { html, useState } from "../../vendor/htm-preact.module.js";
import { reach, refusal } from "../state/api.js";
import { labelOf } from "../state/label.js";
import { save } from "./save.js";
import { PATIENTS, SEED } from "../state/sending.js";

// "all" files are of the current regimen and the pins, the others of the current one alone.
const ALL = ["figure.png", "figure.svg", "figure.pdf", "endpoints.csv", "commands.txt"];
const FILES = [
  ["all", ALL],
  ["own", ["table.csv", "doses.csv", "bands.csv", "schedule.toml", "parameters.toml"]],
];

export function Downloads({ state, t }) {
  const [busy, setBusy] = useState([]);
  const [problem, setProblem] = useState("");
  const fetchFile = async (name) => {
    setBusy((names) => [...names, name]);
    setProblem("");
    try {
      await download(name, state);
    } catch (error) {
      setProblem(t("downloads.failed", { name, why: error.field === undefined ? t("downloads.gone") : error.message }));
    }
    setBusy((names) => names.filter((other) => other !== name));
  };
  return html`<section class="downloads" aria-label=${t("downloads.title")}>
    ${FILES.map(([kind, names]) => html`<div key=${kind} role="group" aria-label=${t(`downloads.${kind}`)}>
      <p class="downloads-kind">${t(`downloads.${kind}`)}</p>
      <div class="downloads-buttons">
        ${names.map((name) => html`<button type="button" key=${name} title=${t(`downloads.${name}`)}
          aria-busy=${busy.includes(name) ? "true" : undefined}
          disabled=${!state.answer || busy.includes(name) || (name === "bands.csv" && state.bandKind === "none")}
          onClick=${() => fetchFile(name)}>${t(`downloads.${name}`)}</button>`)}
      </div></div>`)}
    <p class="downloads-said" role="status">${busy.length ? t("downloads.busy", { name: busy.join(", ") }) : ""}</p>
    ${problem ? html`<p class="problem" role="alert">${problem}</p>` : null}
    ${state.answer ? html`<${Command} state=${state} t=${t} />` : null}
  </section>`;
}

function Command({ state, t }) {
  const [copied, setCopied] = useState("");
  const text = [state.answer.command, state.bands?.command].filter(Boolean).join("\n");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text); // there is none on a page that came from another machine by http
      setCopied("copied");
    } catch {
      setCopied("not_copied");
    }
  };
  return html`<div class="command">
    <p class="downloads-kind">${t("downloads.command")}</p>
    <pre tabindex="0" aria-label=${t("downloads.command")}><code>${text}</code></pre>
    <button type="button" onClick=${copy}>${t("downloads.copy")}</button>
    <span role="status" class="quiet">${copied ? t(`downloads.${copied}`) : ""}</span>
  </div>`;
}

async function download(name, state) {
  const { ask, pins, bandKind, start } = state;
  const body = {
    ask,
    label: ALL.includes(name) ? labelOf(ask, start) : "", // else named by its schedule
    pins: pins.map((pin) => ({ label: pin.label, ask: pin.ask })),
    bands: bandKind === "none" ? null : { kind: bandKind, patients: PATIENTS, seed: SEED },
  };
  const headers = { "Content-Type": "application/json" };
  const response = await reach(`/api/download/${name}`, { method: "POST", headers, body: JSON.stringify(body) });
  if (!response.ok) throw await refusal(response);
  save(await response.blob(), fileName(response) || name);
}

function fileName(response) {
  return /filename="?([^";]+)"?/.exec(response.headers.get("Content-Disposition") ?? "")?.[1];
}
