// @ts-check
/** Keys for everything: the keyboard's own brush, and what key_list.js names. */
import { redo, undo } from "./actions.js";
import { announce } from "./failures.js";
import { stop } from "./jobs.js";
import { bindings } from "./key_list.js";
import { brushDown, brushTo, brushUp, fillAt, isPainting } from "./painting.js";
import { boxBetween } from "./pointer.js";
import { save } from "./saving.js";
import { state, update, whenChanged } from "./state.js";

/** A key of the arrows moves the brush by so many CSS pixels. */
const STEP = 8;

/**
 * Listens to the keyboard.
 * @param {import("./stage.js").Stage} stage
 * @param {ReturnType<typeof import("./pointer.js").listenToPointers>} pointers are told of the space bar and
 *   of Escape
 * @param {() => void} rectangleDrawn called when a rectangle is finished
 */
export function listenToKeys(stage, { hold, giveUp }, rectangleDrawn) {
  const ofKey = new Map(bindings(stage).map((binding) => [binding.key, binding]));
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
    const key = letterOf(event).toLowerCase();
    if (key === "s") {
      if (!event.repeat) save(state.result ? "cutout" : "trimap");
    } else if (isText(event.target)) return false; // it has an undo of its own
    else if (key === "y" || (key === "z" && event.shiftKey)) redo();
    else if (key === "z") undo();
    else return false;
    return true;
  }

  function alone(/** @type {KeyboardEvent} */ event) {
    if (event.altKey) return false;
    if (event.key === "Escape") {
      if (event.repeat) return true;
      if (isPainting() || state.corner) letGo();
      else if (!giveUp()) stop();
      return true;
    }
    if (isText(event.target)) return false;
    if (event.target === canvas && onCanvas(event)) return true;
    if (event.code === "Space" && isStage(event.target)) {
      hold(true);
      return true;
    }
    const binding = state.letterKeys ? ofKey.get(letterOf(event)) : null;
    if (!binding?.act) return false;
    if (!event.repeat || binding.repeats) binding.act();
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
    if (!direction && event.repeat) return true;
    const place = placeOfKeyboard();
    if (!direction) enter(place);
    else {
      const step = event.shiftKey ? 1 : Math.max(1, (STEP * stage.ratio) / stage.view.scale);
      const { width, height } = state.photo;
      place.x = Math.min(width - 0.5, Math.max(0.5, place.x + direction[0] * step));
      place.y = Math.min(height - 0.5, Math.max(0.5, place.y + direction[1] * step));
      if (isPainting()) brushTo([{ x: place.x, y: place.y }]);
      if (state.corner) update({ rectangle: boxOver(state.corner, place, state.photo) });
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
    const letsGo = state.corner ? "corner_gone" : "brush_up";
    if (isPainting()) brushUp();
    if (state.corner) update({ corner: null, rectangle: null });
    if (stage.cursor) stage.cursor = { ...stage.cursor, down: false };
    stage.draw("cursor");
    announce(letsGo);
  }
}

/** The rectangle from the pixel under one place to that under another, with both. */
function boxOver(one, other, photo) {
  const first = { x: Math.floor(Math.min(one.x, other.x)), y: Math.floor(Math.min(one.y, other.y)) };
  const last = { x: Math.floor(Math.max(one.x, other.x)), y: Math.floor(Math.max(one.y, other.y)) };
  return boxBetween(first, { x: last.x + 1, y: last.y + 1 }, photo);
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
