// @ts-check
/** Each key and what it does, in one list from which the dialog is written, too. */
import { compute, redo, undo } from "./actions.js";
import { chooseLook, chooseValue, growBrush } from "./choosing.js";
import { announce } from "./failures.js";
import { showAs } from "./results.js";
import { shownAs, state, update } from "./state.js";
import { say } from "./texts.js";
import { BACKGROUND, FOREGROUND, UNKNOWN, ZOOM } from "./values.js";

/** Chooses something by a key, and tells what is chosen now; a button says that itself. */
const saying =
  (/** @type {() => void} */ choose, /** @type {() => string} */ key) => () => {
    choose();
    announce(key(), { count: state.size });
  };

const tool = (/** @type {import("./state.js").Tool} */ name) =>
  saying(() => update({ tool: name }), () => name);

const value = (/** @type {number} */ number, /** @type {string} */ name) =>
  saying(() => chooseValue(number), () => name);

const look = (/** @type {import("./state.js").Look} */ name) =>
  saying(() => chooseLook(name), () => (state.look === name ? `look_${name}` : "no_result"));

const grow = (/** @type {boolean} */ larger) => saying(() => growBrush(larger), () => "pixels");

/**
 * Each key, what it does, and the text that says so. `shown` replaces the key in the list; entries of
 * one text are one line there. A key that is held does its work once, but for those that `repeats`.
 */
export const bindings = (/** @type {import("./stage.js").Stage} */ stage) => [
  { key: "b", text: "key_foreground", act: value(FOREGROUND, "foreground") },
  { key: "n", text: "key_background", act: value(BACKGROUND, "background") },
  { key: "u", text: "key_unknown", act: value(UNKNOWN, "unknown") },
  { key: "e", text: "key_eraser", act: tool("eraser") },
  {
    key: "f",
    text: "key_fill",
    act: () => tool(state.tool === "fill" ? "brush" : "fill")(),
  },
  { key: "r", text: "key_rectangle", act: tool("rectangle") },
  { key: "h", text: "key_pan", act: tool("pan") },
  { key: "[", text: "key_smaller", act: grow(false), repeats: true },
  { key: "]", text: "key_larger", act: grow(true), repeats: true },
  { key: "z", text: "key_undo", shown: "Z, Ctrl+Z", act: undo, repeats: true },
  { key: "Z", text: "key_redo", shown: "Y, Shift+Z", act: redo, repeats: true },
  { key: "y", text: "key_redo", shown: "", act: redo, repeats: true },
  { key: "+", text: "key_zoom", shown: "+ − 0", act: () => stage.zoom(ZOOM), repeats: true },
  { key: "=", text: "key_zoom", shown: "", act: () => stage.zoom(ZOOM), repeats: true },
  { key: "-", text: "key_zoom", shown: "", act: () => stage.zoom(1 / ZOOM), repeats: true },
  { key: "0", text: "key_zoom", shown: "", act: () => stage.fit() },
  { key: "9", text: "key_one", act: () => stage.onePixelForOne() },
  { key: "", text: "key_line", shown: "Shift + {click}" },
  { key: "", text: "key_arrows", shown: "← ↑ → ↓" },
  { key: "", text: "key_enter", shown: "Enter" },
  { key: "c", text: "key_compute", act: compute },
  { key: "", text: "key_stop", shown: "Esc" },
  { key: "1", text: "key_looks", shown: "1 2 3 4", act: look("photo") },
  { key: "2", text: "key_looks", shown: "", act: look("beside") },
  { key: "3", text: "key_looks", shown: "", act: look("slider") },
  { key: "4", text: "key_looks", shown: "", act: look("result") },
  {
    key: "m",
    text: "key_kind",
    act: saying(
      () => showAs(shownAs() === "matte" ? "cutout" : "matte"),
      () => shownAs(),
    ),
  },
  {
    key: "t",
    text: "key_tint",
    act: saying(
      () => update({ overResult: !state.overResult }),
      () => (state.overResult ? "tint_on" : "tint_off"),
    ),
  },
  { key: "", text: "key_paste", shown: "Ctrl+V" },
  { key: "", text: "key_save", shown: "Ctrl+S" },
  { key: "?", text: "key_help", act: showKeys },
];

/** Opens the list of keys. */
export function showKeys() {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("keys-dialog"));
  if (!dialog.open) dialog.showModal();
}

/** Writes the list of keys in the language that is chosen. */
export function writeKeys(/** @type {import("./stage.js").Stage} */ stage) {
  const list = /** @type {HTMLElement} */ (document.getElementById("keys-list"));
  list.replaceChildren();
  for (const { key, text, shown = key.toUpperCase() } of bindings(stage)) {
    if (!shown) continue;
    const row = document.createElement("tr");
    const [name, what] = [document.createElement("th"), document.createElement("td")];
    name.scope = "row";
    const pressed = document.createElement("kbd");
    pressed.textContent = shown.replace("{click}", say("key_click"));
    name.append(pressed);
    what.textContent = say(text);
    row.append(name, what);
    list.append(row);
  }
}
