// @ts-check
/** Strokes: from places of the pointer, or of the keyboard's brush, to pixels of the trimap. */
import { announce } from "./failures.js";
import { frameEnds, strokeBegins } from "./frames.js";
import { settle } from "./rasteriser.js";
import { state, tell, update } from "./state.js";
import { ERASE } from "./trimap.js";

/** @typedef {{x: number, y: number}} Place Pixels of the photo, with fractions. */

/** The stroke that is being made: what it paints with, where it is, where it goes next, and whether
 * it turned on the tint over the result.
 * @type {{value: number, size: number, at: Place | null, next: Place[], tints: boolean} | null} */
let open = null;
/** Where the last stroke ended, from which Shift draws a straight line. @type {Place | null} */
let ended = null;
/** What waits until the brush is up. @type {(() => void)[]} */
let waiting = [];

export const isPainting = () => open !== null;

/** Forgets the last stroke, and what waits for its end: there is another photo. */
export function forgetStrokes() {
  open = ended = null;
  waiting = [];
}

/** Does what would move the photo beneath the brush: at once, or when the brush is up. */
export function whenBrushIsUp(/** @type {() => void} */ act) {
  if (open) waiting.push(act);
  else act();
}

/**
 * Puts the brush down.
 * @param {Place} place
 * @param {{erase?: boolean, line?: boolean}} how `line`: straight from where the last stroke ended
 */
export function brushDown(place, { erase = false, line = false } = {}) {
  if (!state.trimap) return;
  brushUp();
  const value = erase || state.tool === "eraser" ? ERASE : state.value;
  // Else it would not be seen what is painted.
  const tints = Boolean(state.result) && !/^(photo|beside)$/.test(state.look) && !state.overResult;
  open = { value, size: state.size, at: line ? ended : null, next: [place], tints };
  strokeBegins();
  if (tints) update({ overResult: true });
}

/** Moves the brush. What it paints is drawn in the next frame. */
export function brushTo(/** @type {Place[]} */ places) {
  open?.next.push(...places);
}

/** Lifts the brush; the stroke is one step to undo. */
export function brushUp() {
  if (!open) return;
  paintWhatWaits();
  ended = open.at;
  open = null;
  finishStep();
  doWhatWaits();
}

/** Closes the step of a stroke that goes on: the trimap is about to be replaced beneath it. */
export function settleStroke() {
  if (!open) return;
  paintWhatWaits();
  finishStep();
}

/** Takes the stroke back that is being made. */
export function cancelStroke() {
  if (open?.tints) update({ overResult: false });
  open = null;
  state.trimap?.cancel();
  tell("trimap");
  doWhatWaits();
}

/** Closes a step, and tells that there is something to save. Returns whether anything has changed. */
export function finishStep() {
  const changed = state.trimap?.finish() ?? false;
  if (changed) update({ unsaved: true });
  tell("trimap");
  return changed;
}

/** Gives the chosen value to the region of one value around a place. */
export function fillAt(/** @type {Place} */ place) {
  brushUp(); // that of the keyboard
  state.trimap?.fill(Math.floor(place.x), Math.floor(place.y), state.value);
  announce(finishStep() ? "filled" : "nothing_changed");
}

/** In each frame: paints where the brush has been since the last. Returns whether it is down. */
export function paintFrame() {
  if (!open) return false;
  const began = performance.now();
  const painted = paintWhatWaits();
  // The drawing that follows in this frame counts as well.
  queueMicrotask(() => frameEnds(began, painted));
  return true;
}

function doWhatWaits() {
  const acts = waiting;
  waiting = [];
  for (const act of acts) act();
}

function paintWhatWaits() {
  if (!open || !state.trimap || !open.next.length) return false;
  const { size, value } = open;
  for (const place of open.next) {
    const from = open.at ?? place;
    state.trimap.paint(
      settle(from.x, size),
      settle(from.y, size),
      settle(place.x, size),
      settle(place.y, size),
      size,
      value,
    );
    open.at = place;
  }
  open.next = [];
  return true;
}
