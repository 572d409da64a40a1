// @ts-check
/** Keys for everything, in one list from which the dialog is written, too. */
import { compute, redo, undo } from "./actions.js";
import { announce } from "./failures.js";
import { stop } from "./jobs.js";
import { brushDown, brushTo, brushUp, fillAt, isPainting } from "./painting.js";
import { boxBetween } from "./pointer.js";
import { remember, remembered } from "./remembered.js";
import { save } from "./saving.js";
import { state, update, whenChanged } from "./state.js";
import { say } from "./texts.js";
import { BACKGROUND, FOREGROUND, LARGEST_BRUSH, SMALLEST_BRUSH, UNKNOWN, ZOOM } from "./values.js";

/** A key of the arrows moves the brush by so many CSS pixels. */
const STEP = 8;
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

/**
 * Each key, what it does, and the text that says so. `shown` replaces the key in the list; entries of
 * one text are one line there.
 */
const bindings = (/** @type {import("./stage.js").Stage} */ stage) => [
  { key: "b", text: "key_foreground", act: () => chooseValue(FOREGROUND) },
  { key: "n", text: "key_background", act: () => chooseValue(BACKGROUND) },
  { key: "u", text: "key_unknown", act: () => chooseValue(UNKNOWN) },
  { key: "e", text: "key_eraser", act: () => update({ tool: "eraser" }) },
  {
    key: "f",
    text: "key_fill",
    act: () => update({ tool: state.tool === "fill" ? "brush" : "fill" }),
  },
  { key: "r", text: "key_rectangle", act: () => update({ tool: "rectangle" }) },
  { key: "h", text: "key_pan", act: () => update({ tool: "pan" }) },
  { key: "[", text: "key_smaller", act: () => growBrush(false) },
  { key: "]", text: "key_larger", act: () => growBrush(true) },
  { key: "z", text: "key_undo", shown: "Z, Ctrl+Z", act: undo },
  { key: "Z", text: "key_redo", shown: "Y, Shift+Z", act: redo },
  { key: "y", text: "key_redo", shown: "", act: redo },
  { key: "+", text: "key_zoom", shown: "+ − 0", act: () => stage.zoom(ZOOM) },
  { key: "=", text: "key_zoom", shown: "", act: () => stage.zoom(ZOOM) },
  { key: "-", text: "key_zoom", shown: "", act: () => stage.zoom(1 / ZOOM) },
  { key: "0", text: "key_zoom", shown: "", act: () => stage.fit() },
  { key: "9", text: "key_one", act: () => stage.onePixelForOne() },
  { key: "", text: "key_line", shown: "Shift + {click}" },
  { key: "", text: "key_arrows", shown: "← ↑ → ↓" },
  { key: "", text: "key_enter", shown: "Enter" },
  { key: "c", text: "key_compute", act: compute },
  { key: "", text: "key_stop", shown: "Esc" },
  { key: "1", text: "key_looks", shown: "1 2 3 4", act: () => chooseLook("photo") },
  { key: "2", text: "key_looks", shown: "", act: () => chooseLook("beside") },
  { key: "3", text: "key_looks", shown: "", act: () => chooseLook("slider") },
  { key: "4", text: "key_looks", shown: "", act: () => chooseLook("result") },
  {
    key: "m",
    text: "key_kind",
    act: () => update({ resultAs: state.resultAs === "matte" ? "cutout" : "matte" }),
  },
  { key: "t", text: "key_tint", act: () => update({ overResult: !state.overResult }) },
  { key: "", text: "key_paste", shown: "Ctrl+V" },
  { key: "", text: "key_save", shown: "Ctrl+S" },
  { key: "?", text: "key_help", act: showKeys },
];

/**
 * Listens to the keyboard.
 * @param {import("./stage.js").Stage} stage
 * @param {(pans: boolean) => void} hold called when the space bar goes down or up
 * @param {() => void} rectangleDrawn called when a rectangle is finished
 */
export function listenToKeys(stage, hold, rectangleDrawn) {
  const actions = new Map();
  for (const { key, act } of bindings(stage)) if (key && act) actions.set(key, act);
  const canvas = stage.canvases.cursor;
  whenChanged(["tool", "photo"], () => state.corner && letGo());

  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]") || event.isComposing) return;
    const done = event.ctrlKey || event.metaKey ? withControl(event) : alone(event);
    if (done) event.preventDefault();
  });
  document.addEventListener("keyup", (event) => event.code === "Space" && hold(false));
  window.addEventListener("blur", () => hold(false));

  function withControl(/** @type {KeyboardEvent} */ event) {
    if (isText(event.target)) return false;
    const key = letterOf(event).toLowerCase();
    if (key === "s") save(state.result ? "cutout" : "trimap");
    else if (key === "y" || (key === "z" && event.shiftKey)) redo();
    else if (key === "z") undo();
    else return false;
    return true;
  }

  function alone(/** @type {KeyboardEvent} */ event) {
    if (event.altKey || isText(event.target)) return false;
    if (event.key === "Escape") {
      if (isPainting() || state.corner) letGo();
      else stop();
      return true;
    }
    if (event.target === canvas && onCanvas(event)) return true;
    if (event.code === "Space" && isStage(event.target)) {
      hold(true);
      return true;
    }
    const act = state.letterKeys ? actions.get(letterOf(event)) : null;
    if (!act) return false;
    act();
    return true;
  }

  function onCanvas(/** @type {KeyboardEvent} */ event) {
    const direction = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    }[event.key];
    if (!state.photo || (!direction && event.key !== "Enter")) return false;
    const place = placeOfKeyboard();
    if (!direction) enter(place);
    else {
      const step = event.shiftKey ? 1 : Math.max(1, (STEP * stage.ratio) / stage.view.scale);
      const { width, height } = state.photo;
      place.x = Math.min(width - 0.5, Math.max(0.5, place.x + direction[0] * step));
      place.y = Math.min(height - 0.5, Math.max(0.5, place.y + direction[1] * step));
      if (isPainting()) brushTo([{ x: place.x, y: place.y }]);
      if (state.corner) update({ rectangle: boxBetween(state.corner, place, state.photo) });
      stage.keepInSight(place.x, place.y);
    }
    const round = state.tool === "brush" || state.tool === "eraser";
    stage.cursor = { ...place, size: state.size, round, down: isPainting() || state.corner !== null };
    stage.draw("cursor");
    return true;
  }

  /** Where the brush is; at first in the middle of what is seen. */
  function placeOfKeyboard() {
    if (stage.cursor) return { x: stage.cursor.x, y: stage.cursor.y };
    const pane = stage.panes()[0];
    const { x, y, scale } = stage.view;
    const { width, height } = /** @type {any} */ (state.photo);
    return {
      x: Math.min(width - 0.5, Math.max(0.5, Math.floor((pane.width / 2 - x) / scale) + 0.5)),
      y: Math.min(height - 0.5, Math.max(0.5, Math.floor((pane.height / 2 - y) / scale) + 0.5)),
    };
  }

  function enter(place) {
    if (isPainting()) letGo();
    else if (state.tool === "fill") fillAt(place);
    else if (state.tool === "rectangle") {
      if (state.corner && !state.rectangle) letGo();
      else if (state.corner) {
        update({ corner: null });
        rectangleDrawn();
      } else {
        update({ corner: { ...place }, rectangle: null }); // the one before is done with
        announce("corner_set");
      }
    } else if (state.tool !== "pan") {
      brushDown({ ...place });
      announce("brush_down");
    }
  }

  function letGo() {
    if (isPainting()) brushUp();
    if (state.corner) update({ corner: null, rectangle: null });
    if (stage.cursor) stage.cursor = { ...stage.cursor, down: false };
    stage.draw("cursor");
    announce("brush_up");
  }
}

/** The key's letter, also while an input method is on, and on keyboards that hide the brackets. */
function letterOf(/** @type {KeyboardEvent} */ event) {
  if (event.key !== "Process" && event.key.length === 1) {
    // Of some keyboards "+" is there.
    if (event.code === "BracketLeft" && !/[a-z+=-]/i.test(event.key)) return "[";
    if (event.code === "BracketRight" && !/[a-z+=-]/i.test(event.key)) return "]";
    return withShift(event.key, event.shiftKey);
  }
  return /^Key[A-Z]$/.test(event.code) ? withShift(event.code[3], event.shiftKey) : event.key;
}

/** Capitals are not told from small letters, but for the one that Shift makes another key. */
function withShift(/** @type {string} */ letter, /** @type {boolean} */ shift) {
  const small = letter.toLowerCase();
  return small === "z" && shift ? "Z" : small;
}

const isStage = (target) => target === document.body || target instanceof HTMLCanvasElement;

function isText(target) {
  if (target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && /^(text|number|color)$/.test(target.type);
}

/** Turns letters, digits and signs as keys on or off, here and for the next visit. */
export function chooseLetterKeys(/** @type {boolean} */ letterKeys) {
  remember(LETTER_KEYS, letterKeys ? "on" : "off");
  update({ letterKeys });
}

/** How that was chosen last. */
export const firstLetterKeys = () => remembered(LETTER_KEYS) !== "off";

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
