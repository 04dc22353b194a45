// An uploaded CSV of observations: choose or drop a file, what was read of it, what was not and why.
import { html, useState } from "../../vendor/htm-preact.module.js";
import { sendCohort } from "../state/api.js";
import { CohortFormat } from "./cohort_format.js";
import { outputsOf, outputTitle, shownName } from "../charts/panels.js";

const MOST_REGIMENS = 10; // as buttons

export function Cohort({ state, actions, t }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const take = async (file) => {
    if (!file) return;
    setBusy(true);
    setProblem("");
    try {
      actions.setCohort(await checked(file, state, t), file.name);
    } catch (error) {
      actions.setCohort(null, "");
      setProblem(error.field === undefined && !error.own ? t("cohort.gone") : error.message);
    }
    setBusy(false);
  };
  return html`<section class="cohort" aria-label=${t("cohort.title")}>
    <${Zone} take=${take} busy=${busy} most=${state.start.limits.cohort_bytes} t=${t} />
    <div class="cohort-said" aria-live="polite">
      ${busy ? html`<p>${t("cohort.busy")}</p>` : null}
      ${problem ? html`<p class="problem">${problem}</p>` : null}
      ${state.cohort ? html`<${Said} state=${state} actions=${actions} t=${t} />` : null}
    </div>
    ${state.cohort
      ? html`<button type="button" onClick=${() => actions.setCohort(null, "")}>${t("cohort.remove")}</button>`
      : null}
    <${CohortFormat} t=${t} />
  </section>`;
}

/** Where a file is chosen or dropped. */
function Zone({ take, busy, most, t }) {
  const [over, setOver] = useState(false);
  const enter = (event) => {
    event.preventDefault();
    setOver(true);
  };
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files[0]);
  };
  const choose = async (event) => {
    const input = event.currentTarget;
    await take(input.files[0]);
    input.value = ""; // the same file can be chosen again once it is mended
  };
  return html`<div class=${over ? "cohort-zone cohort-over" : "cohort-zone"} onDrop=${drop} onDragOver=${enter}
      onDragLeave=${() => setOver(false)}>
    <label>${t("cohort.choose")}
      <input type="file" accept=".csv,.tsv,.txt,text/csv" disabled=${busy} onChange=${choose} /></label>
    <p class="quiet">${t("cohort.drop", { size: megabytes(most) })}</p>
  </div>`;
}

/** The server's answer; a file that is too large is not sent. */
async function checked(file, state, t) {
  const most = state.start.limits.cohort_bytes;
  if (file.size > most) {
    const text = t("cohort.large", { name: file.name, size: megabytes(file.size), most: megabytes(most) });
    throw Object.assign(new Error(text), { own: true });
  }
  return sendCohort(file, state.model.key);
}

function megabytes(bytes) {
  return `${Number((bytes / 1e6).toPrecision(2))} MB`;
}

function Said({ state, actions, t }) {
  const { rows, problems } = state.cohort;
  const shown = new Set(outputsOf(state).map((output) => shownName(state.model, output, state.view.fold)));
  const drawn = rows.filter((row) => shown.has(row.panel));
  const hidden = rows.filter((row) => row.panel && !shown.has(row.panel));
  const others = rows.filter((row) => !row.panel);
  return html`<p>${t("cohort.drawn", { name: state.cohortName, drawn: drawn.length, count: rows.length })}</p>
    ${hidden.length
      ? html`<p class="quiet">${t("cohort.hidden", { count: hidden.length, where: where(hidden, state, t) })}</p>`
      : null}
    <${Regimens} texts=${state.cohort.regimens} now=${state.ask.schedule} actions=${actions} t=${t} />
    ${others.length ? html`<${List} title=${t("cohort.not_drawn", { count: others.length })}
      items=${others.map((row) => t("cohort.line", { line: row.line, why: row.why }))} />` : null}
    ${problems.length ? html`<div class="problem"><p>${t("cohort.problems", { count: problems.length })}</p>
      <ul>${problems.map((p, i) => html`<li key=${i}>${p.text}</li>`)}</ul></div>` : null}`;
}

/** The points stay when the current regimen is another one, so what the patients had is said beside them. */
function Regimens({ texts, now, actions, t }) {
  const others = texts.filter((text) => text !== now).slice(0, MOST_REGIMENS);
  if (!others.length) return null;
  return html`<p>${t("cohort.regimens")}</p>
    <ul class="cohort-regimens">${others.map(
      (text) => html`<li key=${text}><code>${text}</code> <button type="button"
        aria-label=${t("cohort.show_of", { text })} onClick=${() => actions.setAsk({ schedule: text })}>
        ${t("cohort.show")}</button></li>`,
    )}</ul>`;
}

function where(rows, state, t) {
  const names = [...new Set(rows.map((row) => row.panel))];
  const folds = new Map(state.model.outputs.filter((o) => o.fold).map((o) => [o.fold, o.name]));
  const said = (name) => {
    const form = folds.has(name) ? "chart.fold" : "chart.count";
    return `${outputTitle(t, state.model, folds.get(name) ?? name)} (${t(form)})`;
  };
  return names.map(said).join(", ");
}

function List({ title, items }) {
  return html`<details><summary>${title}</summary>
    <ul>${items.map((text, i) => html`<li key=${i}>${text}</li>`)}</ul></details>`;
}
