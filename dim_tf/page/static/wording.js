// @ts-check
/** What the server says, with the page's own controls where it names fields and parameters of a request. */
import { state } from "./state.js";
import { say } from "./texts.js";
import { closedUp, inChinese } from "./translating.js";

/** A field or parameter → the text of the control that stands for it. */
const CONTROLS = {
  photo: "open_photo",
  mask: "open_mask",
  trimap: "open_trimap",
  rectangle: "rectangle",
  label: "label",
  invert: "invert",
  mask_orientation: "mask_orientation",
  trimap_kernel: "band_width",
};
/** Those that stand in the section of the band, and hold when the trimap is made again. */
const OF_BAND = ["label", "invert", "mask_orientation", "trimap_kernel"];
/** Values that are texts of the page. */
const CHOICES = { yes: "yes", no: "no", auto: "automatic", as_photo: "as_photo", as_stored: "as_stored" };
/** As `dim_tf.page.refusals.in_http` writes a name, alone or with a value. */
const NAMED = new RegExp(
  `\`(${Object.keys(CONTROLS).join("|")})\`|\\b(${Object.keys(CONTROLS).join("|")})=(-?[\\w#]+(?:,-?\\w+)*|'[^']*')`,
  "g",
);

/**
 * A sentence of the server in the language that is chosen and in words of the page.
 * @param {string} sentence
 * @param {Record<string, string>} called a field → the text that says what its file is to the person
 * @returns {string | null} null where it is not known in that language
 */
export function inChosenLanguage(sentence, called = {}) {
  if (state.language === "en") return inPageWords(sentence, called);
  const files = Object.fromEntries(Object.entries(called).map(([field, text]) => [field, say(text)]));
  const chinese = inChinese(sentence, files);
  return chinese && closedUp(withControls(chinese));
}

/** The same in English, whatever is chosen; only the controls are called as the page shows them. */
export function inPageWords(/** @type {string} */ sentence, /** @type {Record<string, string>} */ called = {}) {
  for (const [field, text] of Object.entries(called)) {
    sentence = sentence.replace(new RegExp(`\\b([Tt]he) ${field}\\b`, "g"), `$1 ${say(text)}`);
  }
  return withControls(sentence);
}

function withControls(/** @type {string} */ sentence) {
  return sentence.replace(NAMED, (_, alone, name, value) => (alone ? quoted(alone) : withValue(name, value)));
}

/** Whether a note says that the server took the photo for the mask or trimap, and that for the photo. */
export function saysExchanged(/** @type {string} */ note) {
  return /`photo` and `\w+` are exchanged\.$/.test(note);
}

/** The controls in the section of the band that an advice names, each once. */
export function controlsOfBand(/** @type {string} */ advice) {
  // A trimap that is to be given as a mask is opened anew: pressing "again" would not do.
  if (advice.includes("`mask`")) return [];
  const names = [...advice.matchAll(NAMED)].map(([, alone, name]) => alone ?? name);
  return OF_BAND.filter((name) => names.includes(name)).map(quoted);
}

function quoted(/** @type {string} */ name) {
  return say("in_quotes", { text: say(CONTROLS[name]) });
}

function withValue(/** @type {string} */ name, /** @type {string} */ value) {
  // Of the whole photo it has a button of its own.
  if (name === "rectangle" && value === "auto") return say("in_quotes", { text: say("find_object") });
  const choice = value in CHOICES ? say(CHOICES[value]) : value;
  return say("in_quotes", { text: say("with_value", { control: say(CONTROLS[name]), value: choice }) });
}
