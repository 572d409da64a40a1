// @ts-check
/** What a person can have done with a photo: find, compute, go on. */
import { Problem, announce, tellFailure, tellProblem } from "./failures.js";
import { PHOTO, SAVE, afterJobs, run } from "./jobs.js";
import { finishStep, isPainting, settleStroke, whenBrushIsUp } from "./painting.js";
import { readPyramid } from "./pictures.js";
import { AS_PAINTED, TRIMAP_MARK, readGreyPng, writeGreyPng } from "./png.js";
import { lookAtResult, makeCutout, putResult } from "./results.js";
import { state, tell, update } from "./state.js";
import { isTrimap } from "./trimap.js";
import { BACKGROUND, FOREGROUND, SMALLEST_RECTANGLE, UNKNOWN } from "./values.js";
import { saysExchanged } from "./wording.js";

/**
 * Makes the trimap of what says where the object is. What is painted meanwhile stays as painted.
 * @param {import("./state.js").WayIn} wayIn
 * @param {typeof state.photo} photo that it is for; null: the one that is there when others are opened
 */
export async function makeTrimap(wayIn, photo = state.photo) {
  if (!state.photo) return false;
  const work = async (job) => {
    const { trimap } = state;
    if (!trimap || (photo && state.photo !== photo)) return;
    update({ wayIn }); // where it is refused, it can be tried again as another choice has it
    const make = async () => {
      const ready = await readyTrimap(wayIn);
      job.check();
      return ready ?? askForTrimap(job, wayIn);
    };
    putTrimap(trimap, await underPaint(trimap, make), true);
  };
  return run("job_trimap", work);
}

/** Finds the object in a rectangle, or anywhere. */
export function findObject(/** @type {typeof state.rectangle} */ box = null) {
  const content = box ? [box.x, box.y, box.width, box.height].join(",") : "auto";
  return makeTrimap({ kind: "rectangle", content, name: content });
}

/** Makes the trimap again, after another band was chosen. */
export function makeTrimapAgain() {
  return state.wayIn ? makeTrimap(state.wayIn) : Promise.resolve(false);
}

/** Whether a rectangle lies on the photo; says so if not. */
export function isRectangle(/** @type {typeof state.rectangle} */ box) {
  const { photo } = state;
  if (!photo) return false;
  const numbers = box && [box.x, box.y, box.width, box.height].every(Number.isInteger);
  const large = box && Math.min(box.width, box.height) >= SMALLEST_RECTANGLE;
  const inside =
    box && box.x >= 0 && box.y >= 0 && box.x + box.width <= photo.width && box.y + box.height <= photo.height;
  if (numbers && large && inside) return true;
  tellProblem("not_a_rectangle", { width: photo.width, height: photo.height });
  return false;
}

/** Puts an unknown band along the edge of what is painted as foreground. */
export async function putBand() {
  if (!saysWhere()) return false;
  const { photo, trimap } = state;
  const work = async (job) => {
    if (trimap && state.photo === photo) putTrimap(trimap, await withBand(job, trimap), false);
  };
  return run("job_trimap", work);
}

/** All pixels get one value; the eraser brings that back from now on. */
export function startAgain(/** @type {number} */ value) {
  if (!state.trimap) return;
  state.trimap.replace(new Uint8Array(state.trimap.values.length).fill(value), true);
  update({ unsaved: true });
  tell("trimap");
  announce(value === BACKGROUND ? "all_background" : "all_unknown");
}

/**
 * Computes the matte, then the cut-out. Painting may go on meanwhile. A file, a trimap or another photo on
 * its way is awaited; if the trimap does not come, or the photo comes, there is nothing to compute.
 */
export async function compute() {
  const { photo, trimap } = state;
  if (!photo || !trimap) return false;
  const goOn = async (before) => {
    if (state.photo !== photo || state.trimap !== trimap) return false;
    if (before && state.result?.revision === trimap.revision) return true; // it was made meanwhile
    return computeMatte(photo, trimap, before === "failed");
  };
  const needsIt = (name, outcome) => name === "job_trimap" && outcome !== "done";
  return afterJobs([PHOTO, "job_trimap", SAVE], goOn, needsIt);
}

/**
 * @param {import("./state.js").Photo} photo
 * @param {import("./trimap.js").Trimap} trimap of that photo
 * @param {boolean} keepsFailure whether a failure that is shown has not been seen yet
 */
async function computeMatte(photo, trimap, keepsFailure) {
  settleStroke();
  if (state.job && state.computing === trimap.revision) return false; // it is on its way
  if (!saysWhere()) return false;
  const work = async (job) => {
    const since = performance.now();
    update({ computing: trimap.revision });
    const banded = !trimap.count().unknown;
    if (banded) {
      job.becomes("job_trimap");
      putTrimap(trimap, await withBand(job, trimap), false);
      job.becomes("job_matte");
    }
    const { revision, width, height } = trimap;
    update({ computing: revision });
    settleStroke();
    const values = trimap.values.slice();
    const painting = trimap.nextPainting();
    const png = await writeGreyPng(values, width, height);
    const fields = { photo: photo.file, trimap: png };
    const matte = await job.request("/api/matte", { output: "matte", ...AS_PAINTED }, fields);
    const seconds = (performance.now() - since) / 1000;
    const pictures = { matte: await readPyramid(matte.file), cutout: null };
    job.check();
    const made = { trimap: png, values, painting, revision, matte: matte.file, cutout: null };
    const result = { ...made, pictures, seconds, banded };
    putResult(result, {
      // The server says again what it said of the photo when it was opened.
      notes: [...new Set([...state.notes, ...matte.notes])],
      unsaved: true,
      unsavedResult: true,
      overResult: isPainting() && state.overResult, // it stays seen what is painted
    });
    whenBrushIsUp(() => state.result?.matte === matte.file && lookAtResult());
    announce("matte_ready");
    job.becomes("job_cutout");
    await makeCutout(job, photo, result);
  };
  return run("job_matte", work, [PHOTO, SAVE], keepsFailure);
}

/**
 * Makes the matte the trimap: what it has as black or white is known, the rest unknown. What was
 * painted since it was computed stays as painted. One step to undo.
 */
export async function goOnFromMatte() {
  const { result, trimap } = state;
  if (!result || !trimap) return;
  try {
    const matte = (await readGreyPng(result.matte)).values;
    const values = trimap.values.slice();
    for (let at = 0; at < values.length; at++) {
      if (trimap.isPaintedSince(result.painting, at) || values[at] !== result.values[at]) continue;
      const alpha = matte[at];
      values[at] = alpha === BACKGROUND || alpha === FOREGROUND ? alpha : UNKNOWN;
    }
    putTrimap(trimap, values, true);
  } catch (error) {
    tellFailure(error);
  }
}

/** Takes back or brings again. */
export function undo() {
  const undone = state.trimap?.undo();
  if (undone) update({ unsaved: true });
  announce(undone ? "undone" : "nothing_to_undo");
  tell("trimap");
}

/** Brings back what was taken back. */
export function redo() {
  const redone = state.trimap?.redo();
  if (redone) update({ unsaved: true });
  announce(redone ? "redone" : "nothing_to_redo");
  tell("trimap");
}

/**
 * Takes other values for a trimap, unless another photo was opened meanwhile.
 * @param {import("./trimap.js").Trimap} trimap
 * @param {Uint8Array} values
 * @param {boolean} asStart whether the eraser is to bring these back from now on
 */
function putTrimap(trimap, values, asStart) {
  if (state.trimap !== trimap) return;
  settleStroke();
  trimap.replace(values, asStart);
  finishStep();
  update({ unsaved: true, look: "photo" });
  const share = (100 * trimap.count().unknown) / values.length;
  announce("trimap_ready", { unknown: `${share.toFixed(0)} %` });
}

/**
 * A trimap that was saved here or by the program: it is taken as it is, by the page as by the server, which
 * would refuse one without anything unknown. Null for another file.
 */
async function readyTrimap(/** @type {import("./state.js").WayIn} */ { kind, content }) {
  const isAsItIs = state.invert !== "yes" && state.maskOrientation !== "as_photo";
  if (kind !== "trimap" || !isAsItIs || typeof content === "string") return null;
  const read = await readGreyPng(content).catch(() => null);
  const fits = read?.width === state.trimap?.width && read?.height === state.trimap?.height;
  const isMarked = read?.marks.includes(TRIMAP_MARK);
  return read && isMarked && fits && isTrimap(read.values) ? read.values : null;
}

async function askForTrimap(job, /** @type {import("./state.js").WayIn} */ { kind, content, name }, own = false) {
  const { photo, trimap, band, invert, maskOrientation, label } = state;
  if (!photo || !trimap) return new Uint8Array();
  /** @type {Record<string, string>} */
  const query = { output: "trimap" };
  if (own) Object.assign(query, AS_PAINTED);
  else if (kind !== "rectangle") {
    if (invert !== "auto") query.invert = invert;
    if (maskOrientation !== "auto") query.mask_orientation = maskOrientation;
  }
  if (band !== null && kind !== "trimap") query.trimap_kernel = String(band);
  if (label && kind === "mask" && !own) query.label = label;
  const { file, notes } = await job.request("/api/matte", query, { photo: photo.file, [kind]: content });
  // It is a trimap of the other picture, which is not the one that is open here.
  if (notes.some(saysExchanged)) throw new Problem("exchanged", { photo: photo.name, other: name });
  const { values } = await readGreyPng(file);
  job.check();
  update({ notes });
  return values;
}

/**
 * Other values for a trimap, of which what is painted while they are made stays as painted; so does what
 * is undone or brought back meanwhile.
 * @param {import("./trimap.js").Trimap} trimap
 * @param {(before: Uint8Array) => Promise<Uint8Array>} make from the values that it has now
 */
async function underPaint(trimap, make) {
  settleStroke();
  const before = trimap.values.slice();
  const painting = trimap.nextPainting();
  const made = await make(before);
  settleStroke();
  const now = trimap.values;
  const stays = (at) => trimap.isPaintedSince(painting, at) || now[at] !== before[at];
  return made.map((value, at) => (stays(at) ? now[at] : value));
}

/** The trimap with a band along the edge of its foreground. What is unknown stays unknown. */
async function withBand(job, /** @type {import("./trimap.js").Trimap} */ trimap) {
  return underPaint(trimap, async (before) => {
    const mask = before.map((value) => (value === FOREGROUND ? FOREGROUND : BACKGROUND));
    const content = await writeGreyPng(mask, trimap.width, trimap.height);
    const banded = await askForTrimap(job, { kind: "mask", content, name: "" }, true);
    return banded.map((value, at) => (before[at] === UNKNOWN ? UNKNOWN : value));
  });
}

/** Whether the trimap says where the object is; tells what is missing if not. */
function saysWhere() {
  const { foreground, unknown, background } = state.trimap?.count() ?? {};
  if (!foreground && !unknown) tellProblem("no_foreground");
  else if (!unknown && !background) tellProblem("all_foreground");
  else return true;
  return false;
}
