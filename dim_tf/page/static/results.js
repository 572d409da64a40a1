// @ts-check
/** What came of a photo: a matte, then its cut-out, and how they are shown. */
import { PHOTO_MATTE_AND_FILES, afterJobs, run } from "./jobs.js";
import { readPyramid, release } from "./pictures.js";
import { AS_PAINTED } from "./png.js";
import { isThere, state, update } from "./state.js";

/** Takes another result, or none, and gives back the memory of the last. */
export function putResult(/** @type {typeof state.result} */ result, changes = {}) {
  const before = state.result?.pictures;
  update({ result, ...changes });
  release(before?.matte);
  release(before?.cutout);
}

/** Computes the cut-out of a result, within a job. */
export async function makeCutout(job, photo, /** @type {import("./state.js").Result} */ result) {
  const fields = { photo: photo.file, trimap: result.trimap };
  const { file } = await job.request("/api/matte", { output: "cutout", ...AS_PAINTED }, fields);
  await takeCutout(result, file);
}

/**
 * The cut-out of a result is there, and shown, unless another result is there.
 * @param {import("./state.js").Result} result
 * @param {Blob} file
 * @param {boolean} isAsSaved whether it has 8 bits, so that it need not be made again to be saved
 */
export async function takeCutout(result, file, isAsSaved = true) {
  const cutout = await readPyramid(file);
  if (!isThere(result) || !state.result) return release(cutout);
  const { pictures } = state.result;
  update({
    result: {
      ...state.result,
      cutout: isAsSaved ? file : state.result.cutout,
      pictures: { ...pictures, cutout },
    },
  });
  release(pictures.cutout);
}

/** Chooses how the result is shown. A cut-out that was stopped before it came is asked for again. */
export async function showAs(/** @type {"cutout" | "matte"} */ resultAs) {
  update({ resultAs });
  const { photo, result } = state;
  const isMissing = () => resultAs === "cutout" && isThere(result) && !state.result?.pictures.cutout;
  if (!photo || !result || !isMissing()) return;
  const ask = () => run("job_cutout", (job) => makeCutout(job, photo, result));
  const goOn = async () => isMissing() && ask();
  await afterJobs(PHOTO_MATTE_AND_FILES, goOn, (_, outcome) => outcome !== "done");
}

/** Shows the result as the last one was looked at. The photo may get another place by that. */
export function lookAtResult() {
  if (state.look === "photo") update({ look: state.lastLook });
}
