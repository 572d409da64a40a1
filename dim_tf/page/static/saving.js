// @ts-check
/** Files for the person: the server's own bytes, named after the photo. */
import { announce, tellProblem } from "./failures.js";
import { PHOTO_MATTE_AND_FILES, SAVE, run } from "./jobs.js";
import { AS_PAINTED, TRIMAP_MARK, writeGreyPng } from "./png.js";
import { send } from "./server.js";
import { state, update } from "./state.js";

/** @typedef {"trimap" | "matte" | "cutout" | "composite"} What */

/** The server writes a trimap in a moment; where others are before us it is not waited for. */
const SECONDS_FOR_TRIMAP = 5;

/** Gets a file ready, with as many bits as are chosen, and hands it to the browser's downloads. */
export async function save(/** @type {What} */ what) {
  const { photo } = state;
  if (!photo) return tellProblem("no_photo");
  if (what !== "trimap" && !state.result) return tellProblem("no_foreground");
  const isSame = () => state.photo === photo; // else another one was opened meanwhile
  if (what === "trimap") {
    const revision = state.trimap?.revision;
    const file = await trimapFile();
    return isSame() ? hand(file, what, revision) : undefined;
  }
  const bits = /** @type {HTMLSelectElement} */ (document.getElementById("bits")).value;
  const { backdrop } = state;
  const ready = () => (bits === "8" ? readyFile(what) : null);
  const file = ready();
  if (file) return hand(file, what, state.result?.revision);
  const work = async (job) => {
    if (!isSame()) return;
    const revision = state.result?.revision;
    const made = ready() ?? (await job.request(...requestFor(what, bits, backdrop))).file;
    hand(made, what, revision);
  };
  await run(SAVE, work, PHOTO_MATTE_AND_FILES);
}

function readyFile(/** @type {What} */ what) {
  if (what === "matte") return state.result?.matte ?? null;
  return what === "cutout" ? (state.result?.cutout ?? null) : null;
}

/** @returns {[string, Record<string, string>, Record<string, Blob | string>]} */
function requestFor(/** @type {What} */ what, /** @type {string} */ bits, backdrop) {
  const { photo, result } = state;
  if (!photo || !result) throw new Error("nothing to save");
  /** @type {Record<string, Blob | string>} */
  const fields = { photo: photo.file, trimap: result.trimap };
  if (what === "composite" && backdrop.kind === "colour") fields.background = backdrop.colour;
  if (what === "composite" && backdrop.kind === "picture") fields.background = backdrop.file;
  return ["/api/matte", { output: what, bits, ...AS_PAINTED }, fields];
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
 */
function hand(file, what, revision) {
  const stem = (state.photo?.name ?? "photo").replace(/\.[^.]*$/, "");
  const link = document.createElement("a");
  link.download = `${stem}_${what}.png`;
  link.href = URL.createObjectURL(file);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  if (what !== "trimap") update({ unsavedResult: false });
  if (revision === state.trimap?.revision) update({ unsaved: false }); // else there is more to save
  announce("saved", { name: link.download });
}
