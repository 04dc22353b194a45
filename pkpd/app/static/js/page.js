// The frame of the page: header, controls beside results, footer.

import { html } from "../vendor/htm-preact.module.js";
import { Bands } from "./results/bands.js";
import { Charts } from "./charts/charts.js";
import { Cohort } from "./results/cohort.js";
import { placeOf } from "./controls/controls.js";
import { Downloads } from "./results/downloads.js";
import { Endpoints } from "./results/endpoints.js";
import { Header } from "./header.js";
import { ModelChoice } from "./controls/model.js";
import { ParameterSliders } from "./controls/parameters.js";
import { Patient } from "./controls/patient.js";
import { Pins } from "./results/pins.js";
import { Regimen } from "./controls/schedule.js";

export function Page({ state, actions, t }) {
  const own = { state, actions, t };
  return html`<a class="skip" href="#results" onClick=${jump("results")}>${t("page.skip")}</a>
    <${Header} ...${own} />
    <nav class="jumps" aria-label=${t("page.jumps")}>
      <a href="#controls" onClick=${jump("controls")}>${t("page.jump.controls")}</a>
      <a href="#results" onClick=${jump("results")}>${t("page.jump.results")}</a>
    </nav>
    <div class="columns">
      <form class="controls" aria-label=${t("page.controls")} tabindex="-1" id="controls" onSubmit=${(e) => e.preventDefault()}>
        <${Regimen} ...${own} /><${Patient} ...${own} /><${ModelChoice} ...${own} /><${ParameterSliders} ...${own} />
      </form>
      <main id="results" tabindex="-1" aria-label=${t("page.results")} aria-busy=${state.busy ? "true" : "false"}>
        <${Messages} ...${own} />
        <div class=${state.error || state.gone ? "card stale" : "card"}><${Charts} ...${own} /></div>
        <div class="comparing">
          <${Card} title=${t("pins.title")}><${Pins} ...${own} /><//>
          <div class="card"><${Bands} ...${own} /></div>
        </div>
        <${Card} title=${t("endpoints.title")}><${Endpoints} ...${own} /><${Notes} ...${own} /><//>
        <div class="comparing">
          <${Card} title=${t("downloads.title")}><${Downloads} ...${own} /><//>
          <${Card} title=${t("cohort.title")}><${Cohort} ...${own} /><//>
        </div>
      </main>
    </div>
    <footer><p>${t("page.disclaimer")}</p><p>pkpd ${state.start.version}</p></footer>`;
}

function Card({ title, children }) {
  return html`<div class="card"><h2>${title}</h2>${children}</div>`;
}

/** The address holds the state, so a link moves the focus itself. */
const jump = (id) => (event) => {
  event.preventDefault();
  const place = document.getElementById(id);
  place.focus({ preventScroll: true });
  place.scrollIntoView();
};

function Messages({ state, actions, t }) {
  const { error, gone, note, unread } = state;
  return html`<div class="messages" aria-live="polite">
    ${gone && html`<p class="message problem">${t("page.gone")}
      <button type="button" onClick=${actions.resend}>${t("page.retry")}</button></p>`}
    ${!gone && error && html`<p class=${placeOf(state) ? "hidden" : "message problem"}>${error.text}
      ${state.answer && html`<span class="hint">${t("page.last_good")}</span>`}</p>`}
    ${unread && html`<p class="message caution">${t("address.bad", { why: unread })}</p>`}
    ${note && html`<p class="message caution">${note}</p>`}
  </div>`;
}

function Notes({ state, t }) {
  const notes = state.answer ? state.answer.notes : [];
  if (notes.length === 0) return null;
  return html`<div class="notes"><h3>${t("page.notes")}</h3><ul>${notes.map((text) => html`<li>${text}</li>`)}</ul></div>`;
}
