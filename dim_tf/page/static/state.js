// @ts-check
/** All that the page knows, in one place. Who changes it calls `update`; who shows it listens. */
import { FOREGROUND } from "./values.js";

/**
 * @typedef {"brush" | "eraser" | "fill" | "rectangle" | "pan"} Tool
 * @typedef {"photo" | "beside" | "slider" | "result"} Look
 * @typedef {{name: string, file: Blob, picture: import("./pictures.js").Pyramid, width: number,
 *   height: number}} Photo
 * @typedef {{trimap: Blob, values: Uint8Array, painting: number, revision: number, matte: Blob,
 *   cutout: Blob | null,
 *   pictures: {matte: import("./pictures.js").Pyramid, cutout: import("./pictures.js").Pyramid | null},
 *   seconds: number, banded: boolean}} Result `banded`: nothing was unknown, so the page put a band;
 *   `painting`: tells what was painted since, see `Trimap.isPaintedSince`.
 * @typedef {{kind: "mask" | "trimap" | "rectangle", content: Blob | string, name: string}} WayIn
 */
export const state = {
  /** @type {Photo | null} */ photo: null,
  /** @type {import("./trimap.js").Trimap | null} */ trimap: null,
  /** @type {WayIn | null} What the trimap was made of, to make it again with another band. */
  wayIn: null,
  /** @type {Tool} */ tool: /** @type {Tool} */ ("brush"),
  value: FOREGROUND,
  size: 40,
  /** @type {number | null} Width of a made trimap's unknown band, pixels; null: as suits it. */
  band: /** @type {number | null} */ (null),
  /** Which labels of a mask are the object; empty: it has none. */ label: "",
  /** Whether the object is black in a mask: "auto", "yes" or "no". */ invert: "auto",
  /** How a mask lies on a photo with an EXIF orientation: "auto", "as_photo" or "as_stored". */
  maskOrientation: "auto",
  /** How strong the trimap's tint is. */
  opacity: 0.5,
  /** Whether the trimap is laid over the result, too. */
  overResult: false,
  /** @type {"find" | "paint"} What a rectangle is for. */
  rectangleFor: "find",
  /** @type {{x: number, y: number, width: number, height: number} | null} */ rectangle: null,
  /** @type {{x: number, y: number} | null} The first corner of a rectangle that the keyboard draws. */
  corner: null,
  /** @type {Look} */ look: /** @type {Look} */ ("photo"),
  /** @type {Look} How the last result was looked at. */ lastLook: /** @type {Look} */ ("beside"),
  /** @type {"cutout" | "matte"} */ resultAs: /** @type {"cutout" | "matte"} */ ("cutout"),
  /** Where the slider stands, of the stage's width. */
  divide: 0.5,
  /** @type {{kind: "checkerboard"} | {kind: "colour", colour: string} |
   *   {kind: "picture", file: Blob, picture: import("./pictures.js").Pyramid, name: string}} */
  backdrop: { kind: "checkerboard" },
  /** @type {Result | null} */ result: null,
  /** @type {null | {name: string, text: string, values: Object, share: number | null}} What the
   * server is doing for us: which job, the text that says how far it is, and its share that is done. */
  job: null,
  /** @type {number | null} Revision of the trimap whose matte is being computed. */
  computing: /** @type {number | null} */ (null),
  /** @type {null | import("./failures.js").Told} What went wrong, and is shown. */ failure: null,
  /** @type {string[]} What the server repaired or assumed; English. */ notes: [],
  /** @type {Object | null} What the server says of itself. */ server: null,
  /** Changes since something was saved. */
  unsaved: false,
  /** Whether there is a result of which nothing was saved: the trimap alone is not it. */
  unsavedResult: false,
  language: "en",
  /** Whether letters, digits and signs alone are keys: who dictates may say them by chance. */
  letterKeys: true,
};

/** @type {Set<(changed: Set<string>) => void>} */
const listeners = new Set();

/**
 * Changes the state and tells everyone who listens.
 * @param {Partial<typeof state>} changes
 */
export function update(changes) {
  const changed = new Set(
    Object.keys(changes).filter((key) => !Object.is(state[key], changes[key])),
  );
  Object.assign(state, changes);
  if (changed.size) tell(...changed);
}

/** Tells that something within a part has changed, such as the trimap's pixels. */
export function tell(/** @type {string[]} */ ...changed) {
  const all = new Set(changed);
  for (const listener of listeners) listener(all);
}

/**
 * Calls a function now and whenever one of some parts changes.
 * @param {string[]} keys
 * @param {() => void} show
 */
export function whenChanged(keys, show) {
  listeners.add((changed) => keys.some((key) => changed.has(key)) && show());
  show();
}

/** Whether something would be lost by leaving it. */
export const isUnsaved = () => state.unsaved || state.unsavedResult;

/** How the result is shown: as its matte, too, as long as there is no cut-out of it. */
export function shownAs() {
  return state.result && !state.result.pictures.cutout ? "matte" : state.resultAs;
}

/** Of a result, or of what has been added to it since: whether it is the one that is there. */
export function isThere(/** @type {Result | null} */ result) {
  return Boolean(result && state.result?.matte === result.matte);
}

/** The result was made of another trimap than the one that is painted now, and none of that is on its way. */
export function isOlder() {
  const { result, trimap, computing } = state;
  return Boolean(result && trimap && ![result.revision, computing].includes(trimap.revision));
}
