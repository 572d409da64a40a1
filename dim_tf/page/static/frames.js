// @ts-check
/**
 * How smoothly it paints, measured by the page itself: for each frame in which something was painted,
 * the milliseconds since the frame before and those that our own work took. `window.dimTf.frames` is
 * this list (the last thousand); a test or benchmark reads it.
 *
 * @type {{interval: number, work: number}[]}
 */
export const frames = [];
const MOST_FRAMES = 1000;

/** Time of the frame before, while a stroke lasts. */
let before = 0;

/** A stroke begins: what lies before it is no frame of it. */
export function strokeBegins() {
  before = 0;
}

/**
 * A frame of a stroke is over.
 * @param {number} began performance.now() at its start
 * @param {boolean} painted whether something was drawn in it
 */
export function frameEnds(began, painted) {
  if (before && painted) {
    if (frames.length === MOST_FRAMES) frames.shift();
    frames.push({ interval: began - before, work: performance.now() - began });
  }
  before = began;
}
