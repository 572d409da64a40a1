// @ts-check
/** Photos: how one is opened, and takes the place of the one before. */
import { Problem, announce } from "./failures.js";
import { PHOTO, SAVE, run } from "./jobs.js";
import { brushUp, forgetStrokes, isPainting } from "./painting.js";
import { readPyramid, release } from "./pictures.js";
import { sizeOfPng } from "./png.js";
import { putResult } from "./results.js";
import { isUnsaved, state, update } from "./state.js";
import { say } from "./texts.js";
import { Trimap } from "./trimap.js";
import { BACKGROUND, FOREGROUND } from "./values.js";

/** A first brush of this share of the photo's longer side. */
const BRUSH_SHARE = 1 / 24;
const SAMPLE = "sample_rgb.png";

/** Opens a photo; its trimap begins with nothing marked. The file's content is in memory already. */
export async function openPhoto(/** @type {File} */ file) {
  const { trimap } = state;
  const revision = trimap?.revision;
  if (!mayReplace()) return false;
  const work = async (job) => {
    const { file: seen, notes } = await job.request("/api/photo", {}, { photo: file });
    const [picture, nothingMarked] = await prepared(seen); // before anything of the last photo is let go
    job.check();
    if (isPainting()) brushUp();
    const isSame = state.trimap === trimap && trimap?.revision === revision;
    // What was painted meanwhile was not asked for.
    if (!isSame && !mayReplace()) {
      release(picture);
      job.giveUp();
    }
    const { width, height } = picture;
    release(state.photo?.picture);
    putResult(null);
    forgetStrokes();
    update({
      photo: { name: file.name || "photo.png", file, picture, width, height },
      trimap: nothingMarked,
      ...{ wayIn: null, rectangle: null, notes, unsaved: false, unsavedResult: false, look: "photo" },
      size: Math.max(3, Math.round(Math.max(width, height) * BRUSH_SHARE)),
      tool: "brush",
      value: FOREGROUND,
    });
    announce("photo_ready", { name: file.name, width, height });
  };
  return run(PHOTO, work, [SAVE]); // a photo on its way gives way
}

/**
 * A photo as it is shown, and a trimap for it.
 * @param {Blob} seen a PNG of the server, which can be read
 * @returns {Promise<[import("./pictures.js").Pyramid, Trimap]>}
 * @throws {Problem} the browser has not the memory
 */
async function prepared(seen) {
  const [width, height] = await sizeOfPng(seen);
  const picture = await readPyramid(seen).catch(() => null);
  try {
    if (picture) return [picture, new Trimap(width, height, BACKGROUND)];
  } catch {
    release(picture);
  }
  throw new Problem("no_memory", { width, height });
}

/** Whether nothing would be lost, or is to be. */
function mayReplace() {
  return !state.photo || !isUnsaved() || window.confirm(say("replace_unsaved"));
}

/** Opens the photo that comes with the program. */
export async function openSample() {
  /** @type {File | null} */
  let file = null;
  const work = async (job) => {
    file = await job.shipped(SAMPLE);
  };
  await run(PHOTO, work, [SAVE]);
  return file ? openPhoto(file) : false;
}
