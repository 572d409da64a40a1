// @ts-check
/** Files for the person: the server's own bytes, named after the photo. */
import { announce, tellProblem } from "./failures.js";
import { PHOTO_MATTE_AND_FILES, SAVE, run } from "./jobs.js";
import { AS_PAINTED, TRIMAP_MARK, writeGreyPng } from "./png.js";
import { takeCutout } from "./results.js";
import { send } from "./server.js";
import { isThere, state, update } from "./state.js";

/** @typedef {"trimap" | "matte" | "cutout" | "composite"} What */

/** The server writes a trimap in a moment; where others are before us it is not waited for. */
const SECONDS_FOR_TRIMAP = 5;

/** Gets a file ready, with as many bits as are chosen, and hands it to the browser's downloads. */
export async function save(/** @type {What} */ what) {
  const { photo, result, backdrop } = state; // as it is now, also where the file waits for a newer result
  if (!photo) return tellProblem("no_photo");
  if (what !== "trimap" && !result) return tellProblem("no_foreground");
  const isSame = () => state.photo === photo; // else another one was opened meanwhile
  if (what === "trimap" || !result) {
    const revision = state.trimap?.revision;
    const file = await trimapFile();
    return isSame() ? hand(file, what, revision) : undefined;
  }
  const bits = /** @type {HTMLSelectElement} */ (document.getElementById("bits")).value;
  const ready = () => (bits === "8" ? readyFile(what, result) : null);
  const handOver = (made) => hand(made, what, result.revision, isThere(result));
  const file = ready();
  if (file) return handOver(file);
  const work = async (job) => {
    if (!isSame()) return;
    const made = ready() ?? (await job.request(...requestFor(what, bits, { photo, result, backdrop }))).file;
    handOver(made);
    const isNew = what === "cutout" && isThere(result) && !state.result?.pictures.cutout;
    if (isNew) await takeCutout(result, made, bits === "8");
  };
  await run(SAVE, work, PHOTO_MATTE_AND_FILES);
}

function readyFile(/** @type {What} */ what, /** @type {import("./state.js").Result} */ result) {
  if (what === "matte") return result.matte;
  if (what !== "cutout") return null;
  return (isThere(result) ? state.result?.cutout : result.cutout) ?? null; // it may have come since
}

/** @returns {[string, Record<string, string>, Record<string, Blob | string>, Record<string, string>]} */
function requestFor(/** @type {What} */ what, /** @type {string} */ bits, { photo, result, backdrop }) {
  /** @type {Record<string, Blob | string>} */
  const fields = { photo: photo.file, trimap: result.trimap };
  if (what === "composite" && backdrop.kind === "colour") fields.background = backdrop.colour;
  if (what === "composite" && backdrop.kind === "picture") fields.background = backdrop.file;
  // In a refusal of this request it is never the background of a trimap.
  const called = fields.background ? { background: "called_backdrop" } : {};
  return ["/api/matte", { output: what, bits, ...AS_PAINTED }, fields, called];
}

/**
 * The trimap as the server writes it; as we do where the server is away or busy, or nothing is unknown:
 * the same pixels, in a file of other bytes.
 */
async function trimapFile() {
  const { photo, trimap } = state;
  if (!photo || !trimap) throw new Error("nothing to save");
  const own = await writeGreyPng(trimap.values.slice(), trimap.width, trimap.height, TRIMAP_MARK);
  if (state.job) return own; // it would be written after that
  try {
    const fields = { photo: photo.file, trimap: own };
    const signal = AbortSignal.timeout(1000 * SECONDS_FOR_TRIMAP);
    return (await send("/api/matte", { output: "trimap", ...AS_PAINTED }, fields, signal)).file;
  } catch {
    return own;
  }
}

/**
 * Hands a file to the browser's downloads.
 * @param {Blob} file
 * @param {What} what
 * @param {number | undefined} revision of the trimap that it was made of
 * @param {boolean} isLast whether it is of the result that is there
 */
function hand(file, what, revision, isLast = false) {
  const stem = (state.photo?.name ?? "photo").replace(/\.[^.]*$/, "");
  const link = document.createElement("a");
  link.download = `${stem}_${what}.png`;
  link.href = URL.createObjectURL(file);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  if (isLast) update({ unsavedResult: false });
  if (revision === state.trimap?.revision) update({ unsaved: false }); // else there is more to save
  announce("saved", { name: link.download });
}
