// @ts-check
/** The trimap that is painted, and every way in which it changes. */
import { History, applyRuns, runsBetween } from "./history.js";
import { flood, rectangle, stroke } from "./rasteriser.js";
import { BACKGROUND, FOREGROUND, UNKNOWN } from "./values.js";

/** What `paint` takes beside the three values: back to what was there before painting began. */
export const ERASE = -1;

/**
 * @typedef {{left: number, top: number, right: number, bottom: number}} Box Pixels; right and bottom
 *   are the first outside.
 * @typedef {{bytes: number, runs: Uint8Array, startRuns: Uint8Array,
 *   painted: {runs: Uint8Array, possible: number[]}, before: number, after: number}} Step What changes of
 *   the values, of what the eraser brings back, and of `Trimap.painted`. `before` and `after`: the trimap's
 *   revisions.
 */

/**
 * A trimap of a photo's size: 0, 128 and 255, nothing else.
 *
 * What is painted belongs to the step that is open; `finish` closes it. `settled` is the trimap
 * before that step, from which the step is found by comparing: painting itself writes nothing down.
 */
export class Trimap {
  /** How many revisions there were. */
  #revisions = 0;
  /** The one that the step that is open began with. */
  #revisionBefore = 0;
  /** The numbers that `nextPainting` gave before those of `painted` began anew. */
  #paintingsForgotten = 0;

  /**
   * @param {number} width pixels
   * @param {number} height
   * @param {number} value of all pixels
   */
  constructor(width, height, value = BACKGROUND) {
    this.width = width;
    this.height = height;
    this.values = new Uint8Array(width * height).fill(value);
    this.settled = this.values.slice();
    /** What the eraser brings back. */
    this.start = this.values.slice();
    /** @type {History<Step>} */
    this.history = new History();
    /** When each pixel was painted last: 0 never, else a number that grows with `nextPainting`. */
    this.painted = new Uint8Array(width * height);
    this.settledPainted = this.painted.slice();
    this.painting = 1;
    /** @type {Box | null} Changed since `takeChanged`, to be drawn again. */
    this.changed = null;
    /** @type {Box | null} Changed in the step that is open. */
    this.open = null;
    /** Of what is painted: another number after each change, and the former one where it is taken back. */
    this.revision = 0;
  }

  /**
   * Paints on the straight way from a to b.
   * @param {number} ax half pixels, from `settle`
   * @param {number} ay
   * @param {number} bx
   * @param {number} by
   * @param {number} size of the brush, pixels
   * @param {number} value one of the three, or ERASE
   */
  paint(ax, ay, bx, by, size, value) {
    stroke(ax, ay, bx, by, size, this.width, this.height, this.#writer(value));
  }

  /** Gives one value, or ERASE, to a rectangle. */
  paintRectangle(/** @type {{x: number, y: number, width: number, height: number}} */ box, value) {
    rectangle(box, this.width, this.height, this.#writer(value));
  }

  /** Gives one value to the region of equal value around a pixel. */
  fill(/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ value) {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    if (this.values[y * this.width + x] === value) return;
    flood(this.values, this.width, this.height, x, y, this.#writer(value));
  }

  /**
   * Takes other values for all pixels, as one step.
   * @param {Uint8Array} values of 0, 128, 255
   * @param {boolean} asStart whether the eraser is to bring these back from now on
   */
  replace(values, asStart) {
    if (values.length !== this.values.length) throw new RangeError("another size");
    if (!isTrimap(values)) throw new RangeError("no trimap");
    this.finish();
    this.values.set(values);
    this.#touch(0, 0, this.width, this.height);
    const startRuns = asStart ? runsBetween(this.start, values) : new Uint8Array();
    if (asStart) this.start.set(values);
    this.finish(startRuns);
  }

  /** A number for `isPaintedSince`: what is painted from now on can be told from what was before. */
  nextPainting() {
    if (this.painting === 255) this.#forgetPainted();
    return this.#paintingsForgotten + this.painting++;
  }

  /** Whether a pixel was painted since `nextPainting` gave a number, as far as that is known yet. */
  isPaintedSince(/** @type {number} */ number, /** @type {number} */ at) {
    return this.painted[at] > Math.max(0, number - this.#paintingsForgotten);
  }

  /** Closes the step that is open. Returns whether anything has changed in it. */
  finish(startRuns = new Uint8Array()) {
    const box = this.open;
    this.open = null;
    if (!box && !startRuns.length) return false;
    const from = box ? box.top * this.width : 0;
    const to = box ? box.bottom * this.width : 0;
    const runs = runsBetween(this.settled, this.values, from, to);
    const painted = this.#settlePainted(from, to);
    const before = box ? this.#revisionBefore : this.revision;
    if (!runs.length) this.revision = before;
    if (!runs.length && !startRuns.length) return false;
    this.settled.set(this.values.subarray(from, to), from);
    const bytes = runs.length + startRuns.length + painted.runs.length;
    this.history.add({ runs, startRuns, painted, bytes, before, after: this.revision });
    return true;
  }

  /** Takes back what is open, as if it had not been begun. */
  cancel() {
    const box = this.open;
    this.open = null;
    if (!box) return;
    const [from, to] = [box.top * this.width, box.bottom * this.width];
    this.values.set(this.settled.subarray(from, to), from);
    this.painted.set(this.settledPainted.subarray(from, to), from);
    this.changed = around(this.changed, box);
    this.revision = this.#revisionBefore;
  }

  /** Takes the last step back; what is open is closed first. Returns whether there was one. */
  undo() {
    this.finish();
    return this.#apply(this.history.back(), true);
  }

  /** Brings back what was taken back. Returns whether there was anything. */
  redo() {
    this.finish();
    return this.#apply(this.history.forth(), false);
  }

  /** What has changed since the last call, to be drawn again; null: nothing. */
  takeChanged() {
    const box = this.changed;
    this.changed = null;
    return box;
  }

  /** How many pixels have each value. */
  count() {
    const all = new Float64Array(256);
    for (let at = 0; at < this.values.length; at++) all[this.values[at]]++;
    return {
      background: all[BACKGROUND],
      unknown: all[UNKNOWN],
      foreground: all[FOREGROUND],
    };
  }

  /** @param {Step | undefined} step */
  #apply(step, /** @type {boolean} */ back) {
    if (!step) return false;
    const { from, to } = applyRuns(this.values, step.runs, back);
    applyRuns(this.start, step.startRuns, back);
    for (const painted of [this.painted, this.settledPainted]) {
      applyRuns(painted, step.painted.runs, back, step.painted.possible);
    }
    if (from < to) {
      this.settled.set(this.values.subarray(from, to), from);
      const top = Math.floor(from / this.width);
      const bottom = Math.ceil(to / this.width);
      this.changed = around(this.changed, { left: 0, top, right: this.width, bottom });
    }
    this.revision = back ? step.before : step.after;
    return true;
  }

  /** What of `painted` has changed in the step that is open. */
  #settlePainted(/** @type {number} */ from, /** @type {number} */ to) {
    const possible = [...Array(this.painting + 1).keys()];
    const runs = runsBetween(this.settledPainted, this.painted, from, to, possible);
    this.settledPainted.set(this.painted.subarray(from, to), from);
    return { runs, possible };
  }

  /** The numbers of `painted` begin anew, and no step knows the old ones. */
  #forgetPainted() {
    this.#paintingsForgotten += this.painting;
    this.painting = 0;
    this.painted.fill(0);
    this.settledPainted.fill(0);
    for (const step of [...this.history.past, ...this.history.future]) step.painted.runs = new Uint8Array();
  }

  #writer(/** @type {number} */ value) {
    if (value !== ERASE && value !== BACKGROUND && value !== UNKNOWN && value !== FOREGROUND) {
      throw new RangeError(`no value of a trimap: ${value}`);
    }
    return (/** @type {number} */ y, /** @type {number} */ from, /** @type {number} */ to) => {
      const row = y * this.width;
      this.painted.fill(this.painting, row + from, row + to);
      if (value === ERASE) {
        this.values.set(this.start.subarray(row + from, row + to), row + from);
      } else {
        this.values.fill(value, row + from, row + to);
      }
      this.#touch(from, y, to, y + 1);
    };
  }

  #touch(/** @type {number} */ left, top, right, bottom) {
    const box = { left, top, right, bottom };
    this.changed = around(this.changed, box);
    if (!this.open) this.#revisionBefore = this.revision;
    this.open = around(this.open, box);
    this.revision = ++this.#revisions;
  }
}

/** Whether there is nothing but the three values. */
export function isTrimap(/** @type {Uint8Array} */ values) {
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    if (value !== BACKGROUND && value !== UNKNOWN && value !== FOREGROUND) return false;
  }
  return true;
}

/**
 * The smallest box around both.
 * @param {Box | null} one
 * @param {Box} other
 * @returns {Box}
 */
export function around(one, other) {
  if (!one) return { ...other };
  return {
    left: Math.min(one.left, other.left),
    top: Math.min(one.top, other.top),
    right: Math.max(one.right, other.right),
    bottom: Math.max(one.bottom, other.bottom),
  };
}
