// The page's texts from one catalogue, in the language chosen.

import { keep, kept } from "./state/kept.js";

export const LANGUAGES = { en: "English", zh: "中文" };

/**
 * t(key, values): the text of a key with {name} filled in. t.or(key, text): the text given where there is none.
 * t.said(meaning): what the program says of a parameter or an output, found by its English, since models of a user may
 * use a name of ours for something else.
 */
export function translator(catalogue, language) {
  const meanings = Object.entries(catalogue).filter(([key]) => /^(parameter|output)\./.test(key));
  const known = new Map(meanings.map(([, entry]) => [entry.en, entry]));
  const find = (key) => {
    const entry = Object.hasOwn(catalogue, key) ? catalogue[key] : null;
    return entry ? entry[language] || entry.en : null;
  };
  const t = (key, values) => fill(find(key) ?? key, values);
  t.or = (key, text, values) => fill(find(key) ?? text, values);
  t.said = (meaning) => known.get(meaning)?.[language] || meaning;
  t.language = language;
  return t;
}

function fill(text, values) {
  if (!values) return text;
  return text.replace(/\{(\w+)\}/g, (all, name) => (Object.hasOwn(values, name) ? String(values[name]) : all));
}

/** The language kept from last time, else the server's, else the browser's. */
export function firstLanguage(served) {
  const own = kept("language");
  if (own in LANGUAGES) return own;
  if (served in LANGUAGES) return served;
  return (navigator.language || "").toLowerCase().startsWith("zh") ? "zh" : "en";
}

export function showLanguage(language) {
  keep("language", language);
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
}
