// Colours of the curves: read from the style sheet, read again when the theme changes.
import { useEffect, useState } from "../../vendor/htm-preact.module.js";

// Of the current regimen, then of pins, in CSS pixels; the same order as the dashes of the figures.
export const DASHES = [[], [10, 3], [10, 3, 2, 3], [2, 3], [16, 5], [6, 3, 2, 3, 2, 3]];

const FALLBACK = {
  "series-0": "#0072B2",
  "series-1": "#B84A00",
  "series-2": "#009E73",
  "series-3": "#CC79A7",
  "series-4": "#3C99D9",
  "series-5": "#B38D00",
  band: "rgba(0, 114, 178, 0.18)",
  grid: "#E2E2E2",
  ink: "#333333",
  quiet: "#555555",
  shade: "#F0F0F0",
  paper: "#FFFFFF",
};

function read() {
  const style = getComputedStyle(document.documentElement);
  const colours = {};
  for (const [name, otherwise] of Object.entries(FALLBACK)) {
    colours[name] = style.getPropertyValue(`--${name}`).trim() || otherwise;
  }
  const page = style.getPropertyValue("--paper").trim() || getComputedStyle(document.body).backgroundColor;
  colours.paper = page && page !== "rgba(0, 0, 0, 0)" ? page : FALLBACK.paper;
  colours.key = Object.values(colours).join(";");
  return colours;
}

/** The colours as they are now; a component that uses them is drawn again when they change. */
export function usePalette() {
  const [palette, setPalette] = useState(read);
  useEffect(() => {
    const again = () => setPalette((old) => (read().key === old.key ? old : read()));
    const watcher = new MutationObserver(again);
    watcher.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "class", "style"] });
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", again);
    again();
    return () => {
      watcher.disconnect();
      system.removeEventListener("change", again);
    };
  }, []);
  return palette;
}
