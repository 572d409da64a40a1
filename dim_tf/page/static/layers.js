// @ts-check
/** What is drawn on each layer, in rectangles of the stage. Device pixels throughout. */
import { drawPyramid } from "./pictures.js";
import { settle } from "./rasteriser.js";
import { onScreen, sample } from "./viewport.js";
import { BACKGROUND, FOREGROUND, UNKNOWN } from "./values.js";

/** Red, green, blue, and how much of the tint's strength. They differ in lightness, too. */
const TINTS = {
  [BACKGROUND]: [22, 27, 84, 0.7],
  [UNKNOWN]: [255, 176, 0, 1.1],
  [FOREGROUND]: [38, 208, 124, 0.85],
};
const SQUARE = 10;

/**
 * @typedef {import("./viewport.js").Pane & {left: number, right: number}} Region A pane, and the
 *   columns of it that a layer shows.
 * @typedef {import("./viewport.js").View} View
 */

/**
 * The colour of each value of a trimap, as canvas pixels.
 * @param {number} opacity 0 to 1
 * @param {boolean} clearBackground leaves what is not marked yet as it is
 */
export function tints(opacity, clearBackground) {
  const colours = new Uint32Array(256);
  for (const [value, [red, green, blue, strength]] of Object.entries(TINTS)) {
    const alpha = Math.round(255 * Math.min(1, opacity * strength));
    colours[Number(value)] = (alpha << 24) | (blue << 16) | (green << 8) | red;
  }
  if (clearBackground) colours[BACKGROUND] = 0;
  return colours;
}

/** Draws within a region and nowhere else; its pane's corner is the origin. */
export function within(context, /** @type {Region} */ region, draw) {
  context.save();
  context.beginPath();
  context.rect(region.x + region.left, region.y, region.right - region.left, region.height);
  context.clip();
  context.translate(region.x, region.y);
  draw();
  context.restore();
}

/** Draws a picture of the photo's size where the photo lies. */
export function drawAsPhoto(context, pyramid, /** @type {View} */ view, size) {
  drawPyramid(context, pyramid, view.x, view.y, size.width * view.scale, size.height * view.scale);
}

/** Draws what lies behind a cut-out, over the place of the photo. */
export function drawBackdrop(context, backdrop, /** @type {View} */ view, size, ratio) {
  const [width, height] = [size.width * view.scale, size.height * view.scale];
  context.save();
  context.beginPath();
  context.rect(view.x, view.y, width, height);
  context.clip();
  if (backdrop.kind === "picture") {
    // As the server does: on white, scaled to fill, and cropped in the middle.
    context.fillStyle = "#ffffff";
    context.fillRect(view.x, view.y, width, height);
    const scale = Math.max(width / backdrop.picture.width, height / backdrop.picture.height);
    const [wide, high] = [backdrop.picture.width * scale, backdrop.picture.height * scale];
    const [x, y] = [view.x + (width - wide) / 2, view.y + (height - high) / 2];
    drawPyramid(context, backdrop.picture, x, y, wide, high);
  } else {
    context.fillStyle = backdrop.kind === "colour" ? backdrop.colour : checks(context, ratio);
    context.fillRect(view.x, view.y, width, height);
  }
  context.restore();
}

/** Draws the line between before and after at a region's left. */
export function drawDivider(context, /** @type {Region} */ region, ratio) {
  context.fillStyle = "rgba(0,0,0,.5)";
  context.fillRect(region.left, 0, 3 * ratio, region.height);
  context.fillStyle = "#ffffff";
  context.fillRect(region.left, 0, 2 * ratio, region.height);
}

function checks(context, ratio) {
  const side = Math.round(SQUARE * ratio);
  const tile = document.createElement("canvas");
  tile.width = tile.height = 2 * side;
  const on = /** @type {CanvasRenderingContext2D} */ (tile.getContext("2d"));
  on.fillStyle = "#ffffff";
  on.fillRect(0, 0, 2 * side, 2 * side);
  on.fillStyle = "#d3d6da";
  on.fillRect(0, 0, side, side);
  on.fillRect(side, side, side, side);
  return context.createPattern(tile, "repeat");
}

/** Memory for the colours of a rectangle, used again and again. */
let buffer = new Uint32Array(0);

/**
 * Draws a box of the trimap again.
 * @param {CanvasRenderingContext2D} context
 * @param {Region} region
 * @param {import("./trimap.js").Box} box pixels of the photo
 * @param {View} view
 * @param {import("./trimap.js").Trimap} trimap
 * @param {Uint32Array} colours
 */
export function drawTrimap(context, region, box, view, trimap, colours) {
  const place = onScreen(view, box, region);
  if (!place) return;
  place.left = Math.max(place.left, region.left);
  place.right = Math.min(place.right, region.right);
  const [width, height] = [place.right - place.left, place.bottom - place.top];
  if (width <= 0) return;
  if (buffer.length < width * height) buffer = new Uint32Array(width * height);
  sample(buffer, place, view, trimap, colours);
  const pixels = new Uint8ClampedArray(buffer.buffer, 0, 4 * width * height);
  const image = new ImageData(/** @type {any} */ (pixels), width, height);
  context.putImageData(image, region.x + place.left, region.y + place.top);
}

/**
 * Draws the brush, or a cross for the other tools.
 * @param {CanvasRenderingContext2D} context
 * @param {import("./viewport.js").Pane} pane
 * @param {{x: number, y: number, size: number, round: boolean, down: boolean}} cursor photo's pixels
 * @param {View} view
 * @param {number} ratio device pixels per CSS pixel
 * @returns {number[]} what to clear before it is drawn again: x, y, width, height
 */
export function drawCursor(context, pane, cursor, view, ratio) {
  const at = (place) => (cursor.round ? settle(place, cursor.size) / 2 : Math.floor(place) + 0.5);
  const x = pane.x + view.x + at(cursor.x) * view.scale;
  const y = pane.y + view.y + at(cursor.y) * view.scale;
  const radius = cursor.round ? Math.max((cursor.size / 2) * view.scale, 1.5 * ratio) : 0;
  const arm = radius < 6 * ratio ? 9 * ratio : 0;
  context.save();
  context.beginPath();
  context.rect(pane.x, pane.y, pane.width, pane.height);
  context.clip();
  for (const [colour, width] of [["rgba(0,0,0,.65)", 3.2], ["#ffffff", 1.4]]) {
    context.strokeStyle = String(colour);
    context.lineWidth = Number(width) * ratio;
    context.beginPath();
    if (radius) context.arc(x, y, radius, 0, 2 * Math.PI);
    for (const [dx, dy] of arm ? [[1, 0], [-1, 0], [0, 1], [0, -1]] : []) {
      context.moveTo(x + dx * (radius + 3 * ratio), y + dy * (radius + 3 * ratio));
      context.lineTo(x + dx * (radius + arm), y + dy * (radius + arm));
    }
    context.stroke();
  }
  if (cursor.down) {
    context.fillStyle = "#ffffff";
    context.fillRect(x - 2 * ratio, y - 2 * ratio, 4 * ratio, 4 * ratio);
  }
  context.restore();
  const reach = Math.ceil(radius + arm + 4 * ratio);
  return [Math.floor(x) - reach, Math.floor(y) - reach, 2 * reach + 2, 2 * reach + 2];
}

/** Draws a rectangle's outline in dashes; returns what to clear. */
export function drawRectangle(context, pane, box, /** @type {View} */ view, ratio) {
  const place = [
    pane.x + view.x + box.x * view.scale,
    pane.y + view.y + box.y * view.scale,
    box.width * view.scale,
    box.height * view.scale,
  ];
  context.save();
  context.beginPath();
  context.rect(pane.x, pane.y, pane.width, pane.height);
  context.clip();
  context.lineWidth = 2 * ratio;
  context.strokeStyle = "rgba(0,0,0,.7)";
  context.strokeRect(...place);
  context.setLineDash([6 * ratio, 6 * ratio]);
  context.strokeStyle = "#ffffff";
  context.strokeRect(...place);
  context.restore();
  const edge = 3 * ratio;
  return [place[0] - edge, place[1] - edge, place[2] + 2 * edge, place[3] + 2 * edge];
}
