// @ts-check
/**
 * Undo and redo: what a step changed, as runs of pixels.
 *
 * A run is a stretch of pixels that all had one value and all got one other. It is kept as two
 * numbers of variable length: how far behind the last run it begins, and its length with which change
 * it is. Of the three values of a trimap a stroke of ten thousand pixels takes some hundred bytes; the
 * worst picture there can be, every pixel unlike its neighbours, two bytes for each pixel.
 */
import { VALUES } from "./values.js";

/** So many steps are kept whatever they take, and more while they take little. */
export const STEPS_ALWAYS_KEPT = 50;
const MOST_STEPS = 500;
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * What differs between two pictures of few values.
 * @param {Uint8Array} before
 * @param {Uint8Array} after of the same length
 * @param {number} from first pixel to look at
 * @param {number} to pixel behind the last
 * @param {ArrayLike<number>} possible all values that there are
 * @returns {Uint8Array} runs, none where nothing differs
 */
export function runsBetween(before, after, from = 0, to = after.length, possible = VALUES) {
  const count = possible.length;
  const numberOf = new Uint8Array(256);
  Array.from(possible).forEach((value, number) => (numberOf[value] = number));
  let bytes = new Uint8Array(256);
  let used = 0;
  const put = (/** @type {number} */ number) => {
    for (; number >= 128; number = Math.floor(number / 128)) bytes[used++] = (number % 128) + 128;
    bytes[used++] = number;
  };
  let end = 0;
  for (let at = from; at < to; ) {
    const old = before[at];
    const now = after[at];
    if (old === now) {
      at++;
      continue;
    }
    const start = at;
    while (at < to && before[at] === old && after[at] === now) at++;
    if (used + 24 > bytes.length) {
      const larger = new Uint8Array(bytes.length * 2);
      larger.set(bytes);
      bytes = larger;
    }
    put(start - end);
    put(((at - start) * count + numberOf[old]) * count + numberOf[now]);
    end = at;
  }
  return bytes.slice(0, used);
}

/**
 * Goes a step back or forth.
 * @param {Uint8Array} values is changed
 * @param {Uint8Array} runs from `runsBetween`
 * @param {boolean} back true: what was before; false: what came after
 * @param {ArrayLike<number>} possible as given to `runsBetween`
 * @returns {{from: number, to: number}} the stretch of pixels that has changed
 */
export function applyRuns(values, runs, back, possible = VALUES) {
  const count = possible.length;
  let at = 0;
  let pixel = 0;
  let first = values.length;
  const take = () => {
    let number = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = runs[at++];
      number += (byte % 128) * factor;
      if (byte < 128) return number;
    }
  };
  while (at < runs.length) {
    pixel += take();
    first = Math.min(first, pixel);
    const packed = take();
    const change = packed % (count * count);
    const end = pixel + Math.floor(packed / (count * count));
    values.fill(possible[back ? Math.floor(change / count) : change % count], pixel, end);
    pixel = end;
  }
  return { from: Math.min(first, pixel), to: pixel };
}

/**
 * The steps that can be taken back, and those that were.
 * @template {{bytes: number}} Step
 */
export class History {
  /** @param {number} [mostBytes] what all steps but the last 50 may take together */
  constructor(mostBytes = MOST_BYTES) {
    /** @type {Step[]} */ this.past = [];
    /** @type {Step[]} */ this.future = [];
    this.bytes = 0;
    this.mostBytes = mostBytes;
  }

  /** A new step. What was taken back can no longer be brought again. */
  add(/** @type {Step} */ step) {
    for (const lost of this.future) this.bytes -= lost.bytes;
    this.future = [];
    this.past.push(step);
    this.bytes += step.bytes;
    while (
      this.past.length > MOST_STEPS ||
      (this.bytes > this.mostBytes && this.past.length > STEPS_ALWAYS_KEPT)
    ) {
      this.bytes -= /** @type {Step} */ (this.past.shift()).bytes;
    }
  }

  /** The step to take back, or undefined. */
  back() {
    const step = this.past.pop();
    if (step) this.future.push(step);
    return step;
  }

  /** The step to take again, or undefined. */
  forth() {
    const step = this.future.pop();
    if (step) this.past.push(step);
    return step;
  }
}
