// Light or dark: the system's choice unless the reader made one.

import { keep, kept } from "./kept.js";

const dark = matchMedia("(prefers-color-scheme: dark)");

/** The reader's choice: "light", "dark", or "" for the system's. */
export function chosenTheme() {
  const own = kept("theme");
  return own === "light" || own === "dark" ? own : "";
}

/** The theme to draw for a choice. */
export const themeOf = (choice) => choice || (dark.matches ? "dark" : "light");

export function showTheme(choice) {
  keep("theme", choice);
  document.documentElement.dataset.theme = themeOf(choice);
}

export const onSystemTheme = (call) => dark.addEventListener("change", call);

/** Paper is light; the curves are drawn again for it. */
addEventListener("beforeprint", () => (document.documentElement.dataset.theme = "light"));
addEventListener("afterprint", () => (document.documentElement.dataset.theme = themeOf(chosenTheme())));
