// @ts-check
/** What is painted with, how the result is looked at, and whether letters are keys. */
import { remember, remembered } from "./remembered.js";
import { state, update } from "./state.js";
import { LARGEST_BRUSH, SMALLEST_BRUSH } from "./values.js";

const GROWTH = 1.15;
const LETTER_KEYS = "letter_keys";

/** Chooses a value to paint with; the fill stays, other tools become the brush. */
export function chooseValue(/** @type {number} */ value) {
  update({ value, tool: state.tool === "fill" ? "fill" : "brush" });
}

/** Shows the result in a way, and remembers it for the next result. */
export function chooseLook(/** @type {import("./state.js").Look} */ look) {
  if (!state.result && look !== "photo") return;
  update({ look, ...(look === "photo" ? {} : { lastLook: look }) });
}

/** Makes the brush larger or smaller. */
export function growBrush(/** @type {boolean} */ larger) {
  const { size } = state;
  const grown = larger
    ? Math.max(size + 1, Math.round(size * GROWTH))
    : Math.min(size - 1, Math.round(size / GROWTH));
  update({ size: Math.min(LARGEST_BRUSH, Math.max(SMALLEST_BRUSH, grown)) });
}

/** Turns letters, digits and signs as keys on or off, here and for the next visit. */
export function chooseLetterKeys(/** @type {boolean} */ letterKeys) {
  remember(LETTER_KEYS, letterKeys ? "on" : "off");
  update({ letterKeys });
}

/** How that was chosen last. */
export const firstLetterKeys = () => remembered(LETTER_KEYS) !== "off";
