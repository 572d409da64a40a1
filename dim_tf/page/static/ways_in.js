// @ts-check
/** Files that come by drop, paste or choice. */
import { makeTrimap, openPhoto } from "./actions.js";
import { run, untilNoMatteIsMade } from "./jobs.js";
import { readPyramid, release } from "./pictures.js";
import { state, update } from "./state.js";

const element = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const SAYS_WHERE = /mask|trimap|alpha|matte/i;
const KINDS = "image/*,.heic,.heif,.avif,.tif,.tiff,.ppm,.pgm,.bmp";

/** Listens to all ways in which a file comes. */
export function listenToFiles() {
  for (const [button, input, take] of [
    ["open-photo", "photo-file", openPhoto],
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
  if (files.length > 1) {
    const where = files.find((file) => SAYS_WHERE.test(file.name));
    const photo = files.find((file) => file !== where);
    if (photo && (await openPhoto(photo)) && where) {
      await useAs(/trimap/i.test(where.name) ? "trimap" : "mask", where);
    }
  } else if (!state.photo) await openPhoto(files[0]);
  else await useAs(await askForRole(files[0]), files[0]);
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

async function useAs(/** @type {string} */ role, /** @type {File} */ file) {
  if (role === "photo") await openPhoto(file);
  if (role === "mask" || role === "trimap") {
    await makeTrimap({ kind: role, content: file, name: file.name });
  }
  if (role !== "backdrop") return;
  const picture = await readPyramid(file).catch(() => null);
  if (picture) useBackdrop(file, picture);
  else {
    // A kind that this browser does not show.
    await untilNoMatteIsMade();
    await run("job_photo", async (job) => {
      const seen = await job.request("/api/photo", {}, { photo: file });
      useBackdrop(file, await readPyramid(seen.file));
    });
  }
}

function useBackdrop(/** @type {File} */ file, picture) {
  if (state.backdrop.kind === "picture") release(state.backdrop.picture);
  update({ backdrop: { kind: "picture", file, picture, name: file.name } });
}
