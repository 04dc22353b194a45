// Small parts that every group of controls uses.

import { html, useLayoutEffect, useRef, useState } from "../../vendor/htm-preact.module.js";

/** The error that belongs to a field, or null. */
export const problemOf = (state, field) => (state.error && state.error.field === field ? state.error.text : null);

/** The group that shows an error beside its field: "regimen", "model", "patient", "parameters", or "" for none. */
export function placeOf({ error, model }) {
  const field = error ? error.field : "";
  if (field === "schedule" || field === "days") return "regimen";
  if (field === "model" || field === "set") return "model";
  const parameter = model.parameters.find((p) => p.name === field.replace(/^changes\./, ""));
  if (!parameter) return "";
  return parameter.group === "patient" ? "patient" : "parameters";
}

/** One sentence beside the field at fault; `id` is what aria-describedby names. */
export function Problem({ id, text }) {
  return text ? html`<p class="problem" id=${id}>${text}</p>` : null;
}

/** A text that may be edited; while it has the focus it is the reader's own. */
export function TextArea({ id, value, call, describedby, invalid }) {
  const field = useRef(null);
  useLayoutEffect(() => {
    const own = field.current;
    if (own !== document.activeElement && own.value !== value) own.value = value;
  });
  return html`<textarea ref=${field} id=${id} rows="2" spellcheck=${false} autocomplete="off" autocapitalize="off"
    aria-describedby=${describedby} aria-invalid=${invalid ? "true" : null}
    onInput=${(event) => call(event.target.value.replace(/\s+/g, " ").trim())}
    onBlur=${(event) => (event.target.value = value)}></textarea>`;
}

/** Where the curves stand beside the controls; on narrower windows they stand below, so less is opened at first. */
export const isWide = () => matchMedia("(min-width: 60rem)").matches;

/** A group of controls that can be closed; `open` holds at first, and a fault inside opens it. */
export function Group({ id, title, open, fault, children }) {
  const [first] = useState(open ?? isWide());
  const details = useRef(null);
  useLayoutEffect(() => {
    if (fault) details.current.open = true;
  }, [fault]);
  return html`<section class="group" aria-labelledby=${`${id}-title`}>
    <details ref=${details} open=${first}><summary><h2 id=${`${id}-title`}>${title}</h2></summary><div class="group-body">${children}</div></details>
  </section>`;
}

/** A label above its control. */
export function Field({ id, label, hint, wide, children }) {
  return html`<div class=${wide ? "field wide" : "field"}>
    <label for=${id} title=${hint}>${label}</label>${children}
  </div>`;
}

/** A button that opens a note; what it holds is made when it opens. */
export function Info({ id, label, content }) {
  const [open, setOpen] = useState(false);
  const button = useRef(null);
  const toggled = (event) => {
    const opens = event.newState === "open";
    setOpen(opens);
    if (opens) requestAnimationFrame(() => place(event.target, button.current));
  };
  return html`<button ref=${button} type="button" class="icon" popovertarget=${id} aria-label=${label} title=${label}>i</button>
    <div id=${id} class="note" popover="auto" role="note" tabindex="0" aria-label=${label} onToggle=${toggled}>${open ? content() : null}</div>`;
}

/** Below its button where there is room, else above, and inside the window. */
function place(note, button) {
  if (!button) return;
  const [from, size] = [button.getBoundingClientRect(), note.getBoundingClientRect()];
  const left = Math.min(Math.max(8, from.left), Math.max(8, innerWidth - size.width - 8));
  const below = from.bottom + 6 + size.height <= innerHeight;
  const top = below ? from.bottom + 6 : Math.max(8, from.top - 6 - size.height);
  note.style.left = `${left}px`;
  note.style.top = `${top}px`;
}
