// @ts-check
/** Words in the language that is chosen. */
import { remember, remembered } from "./remembered.js";
import { state, update } from "./state.js";
import { english } from "./texts.en.js";
import { chinese } from "./texts.zh.js";

const LANGUAGES = { en: english, zh: chinese };

/**
 * A text with its places filled in.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function say(key, values = {}) {
  const text = LANGUAGES[state.language][key] ?? english[key];
  if (text === undefined) throw new RangeError(`no text ${key}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** Whether there is a text of this key. */
export function hasText(/** @type {string} */ key) {
  return key in english;
}

/** The language that was chosen last, or else the browser's. */
export function firstLanguage() {
  const chosen = remembered("language");
  if (chosen && chosen in LANGUAGES) return chosen;
  const wanted = navigator.languages ?? [navigator.language];
  for (const language of wanted) {
    const start = language.toLowerCase().split("-")[0];
    if (start in LANGUAGES) return start;
  }
  return "en";
}

/** Changes the language, here and for the next visit. */
export function chooseLanguage(/** @type {string} */ language) {
  remember("language", language);
  update({ language });
}

/** Writes all words of the page that do not depend on what happens. */
export function writeTexts() {
  document.documentElement.lang = state.language === "zh" ? "zh-Hans" : "en";
  document.title = say("title");
  const values = { kinds: kindsRead() };
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = say(/** @type {HTMLElement} */ (element).dataset.text ?? "", values);
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    const label = say(/** @type {HTMLElement} */ (element).dataset.label ?? "");
    element.setAttribute("aria-label", label);
    if (element.matches("button")) element.setAttribute("title", label);
  }
  for (const element of document.querySelectorAll("button[aria-keyshortcuts]")) {
    const key = (element.getAttribute("aria-keyshortcuts") ?? "").split(" ")[0];
    const name = element.getAttribute("aria-label") ?? element.textContent?.trim();
    element.setAttribute("title", `${name} (${key.replace("Control", "Ctrl")})`);
  }
}

/** The kinds of picture that are read, to be named in a sentence. */
export function kindsRead() {
  const further = state.server?.extra_kinds ?? [];
  const kinds = ["JPEG", "PNG", "WebP", "AVIF", "TIFF", "GIF", "BMP", "PPM", "PGM", ...further];
  return kinds.join(state.language === "zh" ? "、" : ", ");
}
