// @ts-check
/**
 * Where the photo lies on the screen: a scale and a place, in device pixels. Pure functions of values.
 *
 * @typedef {{scale: number, x: number, y: number}} View Device pixels per pixel of the photo, and
 *   where the photo's corner lies within its pane.
 * @typedef {{x: number, y: number, width: number, height: number}} Pane A part of the stage.
 * @typedef {{width: number, height: number}} Size
 */
const MARGIN = 16;
const LARGEST_SCALE = 64;
/** At least so much of the photo stays on the screen, device pixels. */
const STAYS_VISIBLE = 48;

/** All of a photo, in the middle of a pane; small photos are shown larger, to four times at most.
 * @param {Size} photo
 * @param {Size} pane
 * @param {Size} corner What is taken of the pane's upper right corner: a photo that would reach into it
 *   lies below it or left of it, where it is larger.
 * @returns {View}
 */
export function fitted(photo, pane, corner = { width: 0, height: 0 }) {
  const whole = inTheMiddle(photo, pane);
  const right = whole.x + photo.width * whole.scale;
  if (right <= pane.width - corner.width || whole.y >= corner.height) return whole;
  const left = inTheMiddle(photo, { width: pane.width - corner.width, height: pane.height });
  const below = inTheMiddle(photo, { width: pane.width, height: pane.height - corner.height });
  return left.scale > below.scale ? left : { ...below, y: below.y + corner.height };
}

function inTheMiddle(/** @type {Size} */ photo, /** @type {Size} */ pane) {
  const room = (side) => Math.max(1, side - 2 * Math.min(MARGIN, side / 20));
  const scale = Math.min(room(pane.width) / photo.width, room(pane.height) / photo.height, 4);
  return centred(photo, pane, scale);
}

/** A photo in the middle of a pane at a scale. */
export function centred(/** @type {Size} */ photo, /** @type {Size} */ pane, scale) {
  return {
    scale,
    x: Math.round((pane.width - photo.width * scale) / 2),
    y: Math.round((pane.height - photo.height * scale) / 2),
  };
}

/**
 * Zooms so that what lies under a place stays there.
 * @param {View} view
 * @param {number} factor
 * @param {number} x within the pane, device pixels
 * @param {number} y
 * @param {Size} photo
 * @param {Size} pane
 * @returns {View}
 */
export function zoomed(view, factor, x, y, photo, pane) {
  const smallest = Math.min(fitted(photo, pane).scale / 2, 1);
  const scale = Math.min(LARGEST_SCALE, Math.max(smallest, view.scale * factor));
  const grown = scale / view.scale;
  return kept({ scale, x: x - (x - view.x) * grown, y: y - (y - view.y) * grown }, photo, pane);
}

/** Moves the photo by device pixels, but never out of sight. */
export function moved(/** @type {View} */ view, dx, dy, photo, pane) {
  return kept({ scale: view.scale, x: view.x + dx, y: view.y + dy }, photo, pane);
}

/** Moves the photo so that a place of it can be seen, with some room around. */
export function showing(/** @type {View} */ view, px, py, photo, pane) {
  const room = Math.min(60, pane.width / 4, pane.height / 4);
  const x = px * view.scale + view.x;
  const y = py * view.scale + view.y;
  const dx = Math.max(0, room - x) - Math.max(0, x - pane.width + room);
  const dy = Math.max(0, room - y) - Math.max(0, y - pane.height + room);
  return dx || dy ? moved(view, dx, dy, photo, pane) : view;
}

/** The photo's rectangle of a box of its pixels on the screen, whole device pixels within the pane. */
export function onScreen(/** @type {View} */ view, box, /** @type {Pane} */ pane) {
  const left = Math.max(0, Math.floor(box.left * view.scale + view.x));
  const top = Math.max(0, Math.floor(box.top * view.scale + view.y));
  const right = Math.min(pane.width, Math.ceil(box.right * view.scale + view.x));
  const bottom = Math.min(pane.height, Math.ceil(box.bottom * view.scale + view.y));
  return right > left && bottom > top ? { left, top, right, bottom } : null;
}

/**
 * The parts of a stage that show the photo and what was made of it, beside or below each other: as the
 * photo is larger.
 * @param {Size} stage
 * @param {Size} photo
 * @param {number} gap
 * @returns {Pane[]}
 */
export function halves({ width, height }, photo, gap) {
  const wide = { width: Math.floor((width - gap) / 2), height };
  const high = { width, height: Math.floor((height - gap) / 2) };
  return fitted(photo, wide).scale >= fitted(photo, high).scale
    ? [0, width - wide.width].map((x) => ({ ...wide, x, y: 0 }))
    : [0, height - high.height].map((y) => ({ ...high, x: 0, y }));
}

/** Whether two panes are the same part of the stage. */
export function isSamePane(/** @type {Pane} */ one, /** @type {Pane} */ other) {
  return ["x", "y", "width", "height"].every((side) => one[side] === other[side]);
}

function kept(view, photo, pane) {
  const within = (place, side, room) => {
    const least = Math.min(STAYS_VISIBLE, side);
    return Math.round(Math.min(room - least, Math.max(least - side, place)));
  };
  return {
    scale: view.scale,
    x: within(view.x, photo.width * view.scale, pane.width),
    y: within(view.y, photo.height * view.scale, pane.height),
  };
}

/**
 * The pixels of a trimap in a rectangle of the screen, as colours.
 * @param {Uint32Array} pixels gets (right - left) × (bottom - top) colours, row by row
 * @param {{left: number, top: number, right: number, bottom: number}} box of the pane
 * @param {View} view
 * @param {{values: Uint8Array, width: number, height: number}} trimap
 * @param {Uint32Array} colours one for each of 256 values
 */
export function sample(pixels, box, view, trimap, colours) {
  const wide = box.right - box.left;
  const columns = new Int32Array(wide);
  for (let at = 0; at < wide; at++) {
    const column = Math.floor((box.left + at + 0.5 - view.x) / view.scale);
    columns[at] = column < trimap.width ? Math.max(-1, column) : -1;
  }
  // Beyond the photo's sides nothing is shown; the columns within are one stretch.
  let first = 0;
  let last = wide;
  while (first < wide && columns[first] < 0) first++;
  while (last > first && columns[last - 1] < 0) last--;
  let drawn = -1;
  for (let y = box.top; y < box.bottom; y++) {
    const start = (y - box.top) * wide;
    const row = Math.floor((y + 0.5 - view.y) / view.scale);
    if (row < 0 || row >= trimap.height) {
      pixels.fill(0, start, start + wide);
      continue;
    }
    if (row === drawn) {
      pixels.copyWithin(start, start - wide, start);
      continue;
    }
    drawn = row;
    pixels.fill(0, start, start + first);
    pixels.fill(0, start + last, start + wide);
    const offset = row * trimap.width;
    const values = trimap.values;
    for (let at = first; at < last; at++) {
      pixels[start + at] = colours[values[offset + columns[at]]];
    }
  }
}
