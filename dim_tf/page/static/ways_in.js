// @ts-check
/** Files that come by drop, paste or choice. */
import { makeTrimap } from "./actions.js";
import { element } from "./elements.js";
import { tellProblem } from "./failures.js";
import { PHOTO, PHOTO_MATTE_AND_FILES, run } from "./jobs.js";
import { openPhoto } from "./opening.js";
import { readPyramid, release } from "./pictures.js";
import { state, update } from "./state.js";

const MEGABYTE = 1_000_000;
/** In a name without suffix: at its end, or as a word. */
const SAYS_WHERE = [
  /((mask|trimap|alpha|matte)s?|蒙版|遮罩|三分图)\d*$/i,
  /(^|[^a-z])(mask|trimap|alpha|matte)s?([^a-z]|$)|蒙版|遮罩|三分图/i,
];
const TURNED_BY_NO_BROWSER = /\.webp$/i;
/** What a system may not know for pictures: every suffix that the server takes for one's. */
const KINDS =
  "image/*,.png,.jpg,.jpeg,.tif,.tiff,.webp,.bmp,.ppm,.pgm,.pbm,.pnm,.avif,.gif,.heic,.heif,.hif,.jfif,.jpe,.apng";

/** How many files were chosen, so that a slow one does not come after one that was chosen later. */
let turns = 0;

/** Listens to all ways in which a file comes. */
export function listenToFiles() {
  for (const [button, input, take] of [
    ["open-photo", "photo-file", (file) => useAs("photo", file)],
    ["choose-photo", "photo-file", null],
    ["open-mask", "mask-file", (file) => useAs("mask", file)],
    ["open-trimap", "trimap-file", (file) => useAs("trimap", file)],
    ["open-backdrop", "backdrop-file", (file) => useAs("backdrop", file)],
  ]) {
    const chooser = element(String(input));
    chooser.accept = KINDS;
    element(String(button)).addEventListener("click", () => chooser.click());
    if (typeof take !== "function") continue;
    chooser.addEventListener("change", () => {
      const [file] = chooser.files;
      chooser.value = ""; // the same file may be chosen again
      if (file) take(file);
    });
  }
  const stage = element("stage");
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    stage.classList.add("awaits");
  });
  for (const left of ["dragleave", "drop", "dragend"]) {
    document.addEventListener(left, () => stage.classList.remove("awaits"));
  }
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    receive([...(event.dataTransfer?.files ?? [])]);
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    receive(files);
  });
}

/** Takes what was dropped or pasted: a photo, or what belongs to the one that is open. */
async function receive(/** @type {File[]} */ files) {
  if (!files.length) return;
  if (files.length > 1) await receiveSeveral(files);
  else if (!state.photo) await useAs("photo", files[0]);
  else await useAs(await askForRole(files[0]), files[0]);
}

/** Opens a photo and what says where its object is; of what is left over it is said that it is. */
async function receiveSeveral(/** @type {File[]} */ files) {
  const where = whichSaysWhere(files);
  const photo = files.find((file) => file !== where);
  if (!photo || !(await useAs("photo", photo))) return;
  if (where && !(await useAs(/trimap|三分图/i.test(where.name) ? "trimap" : "mask", where))) return;
  const opened = where ? [photo, where] : [photo];
  if (opened.length === files.length) return;
  tellProblem("left_over", { count: files.length, names: opened.map((file) => file.name).join(" + ") });
}

/** Which of several files is the mask or trimap, by its name: photo_mask.png beside photo.jpg. */
function whichSaysWhere(/** @type {File[]} */ files) {
  const longestFirst = [...files].sort((one, other) => other.name.length - one.name.length);
  for (const pattern of SAYS_WHERE) {
    const found = longestFirst.find((file) => pattern.test(file.name.replace(/\.[^.]*$/, "")));
    if (found) return found;
  }
  return undefined;
}

/** Asks what a picture is. Returns the role, or nothing where it is not to be used. */
function askForRole(/** @type {File} */ file) {
  const dialog = element("role-dialog");
  element("role-name").textContent = file.name;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true }),
  );
}

/** Uses a file as what it is; with no role it is not used. Returns whether that came to its end. */
async function useAs(/** @type {string} */ role, /** @type {File} */ chosen) {
  if (!role) return false;
  const turn = ++turns;
  const file = await inMemory(chosen);
  if (!file || turn !== turns) return false; // another one was chosen meanwhile
  if (role === "photo") return openPhoto(file);
  if (role === "mask" || role === "trimap") {
    return makeTrimap({ kind: role, content: file, name: file.name }, null);
  }
  // Of a WebP file browsers pass over the orientation, which the server follows.
  const picture = TURNED_BY_NO_BROWSER.test(file.name) ? null : await readPyramid(file).catch(() => null);
  if (picture) {
    useBackdrop(file, picture);
    return true;
  }
  // A kind that this browser does not show, or shows in another way.
  const work = async (job) => {
    const seen = await job.request("/api/photo", {}, { photo: file }, { photo: "called_backdrop" });
    useBackdrop(file, await readPyramid(seen.file));
  };
  return run(PHOTO, work, PHOTO_MATTE_AND_FILES);
}

/**
 * A file as it is now: what becomes of it on the disk does not change what is open here, nor can a
 * browser send a file that was changed. Null, and told, where it cannot be.
 * @param {File} file
 * @returns {Promise<File | null>}
 */
async function inMemory(file) {
  const limit = state.server?.limits?.upload_bytes ?? Infinity;
  if (file.size > limit) {
    const [megabytes, most] = [file.size, limit].map((bytes) => Math.ceil((10 * bytes) / MEGABYTE) / 10);
    tellProblem("too_large", { megabytes, limit: most });
    return null;
  }
  try {
    return new File([await file.arrayBuffer()], file.name, { type: file.type });
  } catch {
    tellProblem("unreadable_file", { name: file.name });
    return null;
  }
}

function useBackdrop(/** @type {File} */ file, picture) {
  if (state.backdrop.kind === "picture") release(state.backdrop.picture);
  update({ backdrop: { kind: "picture", file, picture, name: file.name } });
}
