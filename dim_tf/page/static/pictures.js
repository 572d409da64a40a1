// @ts-check
/** Pictures that can be drawn small without flicker: each kept with its halves, quarters, and so on. */
const SMALLEST_SIDE = 256;

/**
 * @typedef {{width: number, height: number, levels: CanvasImageSource[]}} Pyramid Each level has half
 *   the sides of the one before.
 */

/**
 * Reads a picture.
 * @param {Blob} file of a kind that the browser shows
 * @returns {Promise<Pyramid>}
 */
export async function readPyramid(file) {
  const picture = await createImageBitmap(file);
  /** @type {CanvasImageSource[]} */
  const levels = [picture];
  let [width, height] = [picture.width, picture.height];
  while (Math.min(width, height) > 2 * SMALLEST_SIDE) {
    const smaller = document.createElement("canvas");
    smaller.width = width = Math.ceil(width / 2);
    smaller.height = height = Math.ceil(height / 2);
    const context = /** @type {CanvasRenderingContext2D} */ (smaller.getContext("2d"));
    context.imageSmoothingQuality = "low"; // of exactly half, bilinear is the mean of four
    context.drawImage(/** @type {CanvasImageSource} */ (levels.at(-1)), 0, 0, width, height);
    levels.push(smaller);
  }
  return { width: picture.width, height: picture.height, levels };
}

/** Gives back the memory of a picture that is no longer shown. */
export function release(/** @type {Pyramid | null | undefined} */ pyramid) {
  for (const level of pyramid?.levels ?? []) {
    if (level instanceof ImageBitmap) level.close();
    else if (level instanceof HTMLCanvasElement) level.width = level.height = 0;
  }
}

/**
 * Draws a picture to a rectangle of a canvas, from the level that is nearest in size but not smaller.
 * @param {CanvasRenderingContext2D} context
 * @param {Pyramid} pyramid
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 */
export function drawPyramid(context, pyramid, x, y, width, height) {
  const scale = width / pyramid.width;
  const level = Math.min(pyramid.levels.length - 1, Math.max(0, Math.floor(-Math.log2(scale))));
  // Beyond twice its size a pixel is a square, so that it is seen what is painted.
  context.imageSmoothingEnabled = scale <= 2;
  context.imageSmoothingQuality = "medium";
  context.drawImage(pyramid.levels[level], x, y, width, height);
}
