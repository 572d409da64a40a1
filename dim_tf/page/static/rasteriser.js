// @ts-check
/**
 * Shapes as rows of pixels, exact and without soft edges.
 *
 * A pixel belongs to a round brush where its centre is no further from the brush's than half the
 * brush's size. Places are whole numbers of half pixels: pixel x has its centre at 2x + 1. A brush of
 * odd size sits on a pixel's centre and one of even size on a corner, so that a brush of size 1
 * always paints one pixel. All sums are of integers below 2^53, so nothing is ever rounded.
 *
 * @typedef {(y: number, from: number, to: number) => void} Span Gets row y, columns from ≤ x < to.
 */

/**
 * Where a brush sits: the nearest place that its size allows, in half pixels.
 * @param {number} at pixels of the photo, with a fraction
 * @param {number} size of the brush, whole pixels
 * @returns {number} half pixels
 */
export function settle(at, size) {
  return size % 2 ? 2 * Math.floor(at) + 1 : 2 * Math.round(at);
}

/**
 * What a round brush covers on its straight way from a to b.
 * @param {number} ax half pixels, as `settle` gives them
 * @param {number} ay
 * @param {number} bx the same place as a paints one dab
 * @param {number} by
 * @param {number} size of the brush, whole pixels
 * @param {number} width of the picture, pixels
 * @param {number} height
 * @param {Span} span is called once a row at most
 */
export function stroke(ax, ay, bx, by, size, width, height, span) {
  const dx = bx - ax;
  const dy = by - ay;
  const squared = dx * dx + dy * dy;
  const reach = furthestAcross(size, squared);
  const first = Math.max(0, divideUp(Math.min(ay, by) - size - 1, 2));
  const last = Math.min(height - 1, divideDown(Math.max(ay, by) + size - 1, 2));
  for (let y = first; y <= last; y++) {
    const row = 2 * y + 1;
    const range = { from: Infinity, to: -Infinity };
    disc(ax, row - ay, size, range);
    if (squared) {
      disc(bx, row - by, size, range);
      between(ax, row - ay, dx, dy, squared, reach, range);
    }
    const from = Math.max(0, range.from);
    const to = Math.min(width, range.to + 1);
    if (from < to) span(y, from, to);
  }
}

/** Widens a range by the pixels of one row whose centres lie in a disc. */
function disc(/** @type {number} */ x, /** @type {number} */ dy, /** @type {number} */ size, range) {
  const left = size * size - dy * dy;
  if (left < 0) return;
  const half = Math.floor(Math.sqrt(left)); // exact: left is below 2^52
  widen(range, divideUp(x - half - 1, 2), divideDown(x + half - 1, 2));
}

/** Widens a range by the pixels of one row that lie beside the way, between its two ends. */
function between(ax, dyRow, dx, dy, squared, reach, range) {
  // With u = 2x + 1 - ax: 0 ≤ dx·u + dy·dyRow ≤ squared, and |dx·dyRow - dy·u| ≤ reach.
  const along = solve(dx, dy * dyRow, 0, squared);
  const across = solve(-dy, dx * dyRow, -reach, reach);
  const from = Math.max(along[0], across[0]);
  const to = Math.min(along[1], across[1]);
  if (from > to) return;
  widen(range, divideUp(from + ax - 1, 2), divideDown(to + ax - 1, 2));
}

function widen(range, from, to) {
  if (from > to) return;
  range.from = Math.min(range.from, from);
  range.to = Math.max(range.to, to);
}

/** The integers u with low ≤ factor·u + added ≤ high, first and last. */
function solve(factor, added, low, high) {
  if (factor === 0) return low <= added && added <= high ? [-Infinity, Infinity] : [1, 0];
  const [start, end] = factor > 0 ? [low, high] : [high, low];
  return [divideUp(start - added, factor), divideDown(end - added, factor)];
}

/** The largest integer whose square is at most size² · squared. */
function furthestAcross(size, squared) {
  // A product above 2^52 may be rounded up to the next square by Math.sqrt.
  const wanted = BigInt(size) * BigInt(size) * BigInt(squared);
  let root = BigInt(Math.floor(size * Math.sqrt(squared)));
  while (root * root > wanted) root--;
  while ((root + 1n) * (root + 1n) <= wanted) root++;
  return Number(root);
}

const divideDown = (value, by) => Math.floor(value / by);
const divideUp = (value, by) => Math.ceil(value / by);

/**
 * The rows of a rectangle, cut at the picture's edge.
 * @param {{x: number, y: number, width: number, height: number}} box whole pixels
 * @param {number} width of the picture
 * @param {number} height
 * @param {Span} span
 */
export function rectangle(box, width, height, span) {
  const from = Math.max(0, box.x);
  const to = Math.min(width, box.x + box.width);
  const last = Math.min(height, box.y + box.height);
  if (from >= to) return;
  for (let y = Math.max(0, box.y); y < last; y++) span(y, from, to);
}

/**
 * The region of one value around a pixel: what is reached from it by steps to the four sides. The
 * picture must be changed by `span`, so that no pixel of the region keeps its value.
 * @param {Uint8Array} values height rows of width pixels
 * @param {number} width
 * @param {number} height
 * @param {number} x whole pixels
 * @param {number} y
 * @param {Span} span must give the pixels another value
 */
export function flood(values, width, height, x, y, span) {
  const value = values[y * width + x];
  const waiting = [x, y];
  while (waiting.length) {
    const row = /** @type {number} */ (waiting.pop());
    const column = /** @type {number} */ (waiting.pop());
    const start = row * width;
    if (values[start + column] !== value) continue;
    let from = column;
    let to = column + 1;
    while (from > 0 && values[start + from - 1] === value) from--;
    while (to < width && values[start + to] === value) to++;
    span(row, from, to);
    for (const beside of [row - 1, row + 1]) {
      if (beside < 0 || beside >= height) continue;
      const other = beside * width;
      for (let at = from; at < to; at++) {
        const begins = at === from || values[other + at - 1] !== value;
        if (begins && values[other + at] === value) waiting.push(at, beside);
      }
    }
  }
}
