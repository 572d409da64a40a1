// @ts-check
/** The controls show the state. */
import { element } from "./elements.js";
import { isOlder, shownAs, state, whenChanged } from "./state.js";
import { announceAgain } from "./failures.js";
import { isPainting } from "./painting.js";
import { positionOf } from "./panel.js";
import { say, writeTexts } from "./texts.js";
import { inChosenLanguage, inPageWords } from "./wording.js";
import { writeKeys } from "./key_list.js";

const all = (/** @type {string} */ selector) =>
  /** @type {NodeListOf<any>} */ (document.querySelectorAll(selector));
/** Counting a large trimap takes some milliseconds, so it waits for a pause. */
const PAUSE_BEFORE_COUNTING = 250;

/**
 * Keeps controls and stage as the state is.
 * @param {import("./stage.js").Stage} stage
 */
export function showState(stage) {
  whenChanged(["language", "server"], () => {
    writeTexts();
    writeKeys(stage);
    element("language").value = state.language;
  });
  whenChanged(["language"], announceAgain);
  whenChanged(["rectangleFor"], () => {
    for (const choice of document.querySelectorAll("[name=rectangle-for]")) {
      const field = /** @type {HTMLInputElement} */ (choice);
      field.checked = field.value === state.rectangleFor;
    }
  });
  whenChanged(["letterKeys"], () => {
    element("letter-keys").checked = state.letterKeys;
  });
  whenChanged(["tool", "value"], () => {
    press("#tools [data-tool]", (button) => button.dataset.tool === state.tool);
    press("[data-value]", (button) => Number(button.dataset.value) === state.value);
    hide("rectangle-fields", state.tool !== "rectangle");
    stage.canvases.cursor.dataset.tool = state.tool;
    stage.draw("cursor");
  });
  whenChanged(["size", "language"], () => {
    element("size").value = String(positionOf(state.size));
    element("size-shown").textContent = say("pixels", { count: state.size });
    element("size").setAttribute("aria-valuetext", say("pixels", { count: state.size }));
    if (stage.cursor) stage.cursor = { ...stage.cursor, size: state.size };
    stage.draw("cursor");
  });
  whenChanged(["band", "language"], () => {
    const { band } = state;
    element("band-shown").textContent = band === null ? say("automatic") : say("pixels", { count: band });
  });
  whenChanged(["opacity", "overResult"], () => {
    element("opacity").value = String(state.opacity * 100);
    element("over-result").checked = state.overResult;
    stage.draw("overlay");
  });
  whenChanged(["rectangle"], () => {
    for (const side of ["x", "y", "width", "height"]) {
      const field = element(`rectangle-${side}`);
      if (document.activeElement !== field) field.value = state.rectangle?.[side] ?? "";
    }
    stage.draw("cursor");
  });
  whenChanged(["photo", "language"], showPhotoName);
  whenChanged(["photo", "result", "wayIn", "backdrop"], enable);
  whenChanged(["look", "resultAs", "result", "photo"], () => showLook(stage));
  whenChanged(["divide", "backdrop"], () => stage.draw("photo", "result"));
  whenChanged(["backdrop"], () => {
    const { backdrop } = state;
    const chosen = backdrop.kind === "colour" ? backdrop.colour : backdrop.kind;
    press("[data-backdrop]", (button) => button.dataset.backdrop === chosen);
    element("open-backdrop").setAttribute("aria-pressed", String(backdrop.kind === "picture"));
    // A colour field is no button that could be pressed.
    const isOwn = backdrop.kind === "colour" && !document.querySelector("[data-backdrop][aria-pressed=true]");
    element("own-colour").setAttribute("aria-current", String(isOwn));
  });
  whenChanged(["photo"], () => {
    hide("empty", state.photo !== null);
    hide("zoom", state.photo === null);
    stage.cursor = null;
    stage.fit();
    stage.drawAll();
  });
  whenChanged(["trimap", "result", "computing"], () => hide("older", !isOlder()));
  whenChanged(["trimap", "result"], () => {
    stage.draw(); // what has changed in it
    element("undo").disabled = !state.trimap?.history.past.length && !state.trimap?.open;
    element("redo").disabled = !state.trimap?.history.future.length;
  });
  whenChanged(["trimap", "language"], countSoon);
  whenChanged(["result", "language"], () => {
    const seconds = state.result?.seconds.toFixed(1);
    const one = seconds ? say("computed", { seconds }) : "";
    const other = state.result?.banded ? say("band_was_missing") : "";
    element("result-said").textContent = say("two_sentences", { one, other }).trim();
  });
  whenChanged(["view"], () => {
    element("zoom-shown").textContent = `${Math.round(100 * stage.view.scale)} %`;
  });
  whenChanged(["job", "language"], showJob);
  whenChanged(["failure", "language"], showFailure);
  whenChanged(["notes", "language"], () => {
    hide("notes", !state.notes.length);
    element("notes-list").replaceChildren(...state.notes.map(noteLine));
  });
}

/** Hides an element or shows it. A focus that would be lost with it goes to the photo. */
function hide(/** @type {string} */ id, /** @type {boolean} */ isHidden) {
  const hidden = element(id);
  if (isHidden && hidden.contains(document.activeElement)) {
    element("canvas").focus({ preventScroll: true });
  }
  hidden.hidden = isHidden;
}

function press(selector, isPressed) {
  for (const button of all(selector)) button.setAttribute("aria-pressed", String(isPressed(button)));
}

function showPhotoName() {
  const { photo } = state;
  const size = photo ? ` · ${photo.width} × ${photo.height}` : "";
  element("photo-name").textContent = photo ? `${photo.name}${size}` : "";
}

function enable() {
  for (const button of all("[data-needs]")) button.disabled = !state[button.dataset.needs];
  for (const button of all("#tools button[data-tool], #tools button[data-value]")) {
    button.disabled = !state.photo;
  }
  for (const id of ["size", "opacity", "zoom-in", "zoom-out", "zoom-one", "zoom-fit"]) {
    element(id).disabled = !state.photo;
  }
  const composite = document.querySelector("[data-save=composite]");
  /** @type {any} */ (composite).disabled = !state.result || state.backdrop.kind === "checkerboard";
}

function showLook(stage) {
  const look = stage.look();
  press("[data-look]", (button) => button.dataset.look === look);
  press("[data-as]", (button) => button.dataset.as === shownAs());
  for (const button of all("[data-look], [data-as]")) {
    button.disabled = button.dataset.look === "photo" ? !state.photo : !state.result;
  }
  element("over-result").disabled = !state.result;
  hide("divider", look !== "slider");
  stage.arrange();
}

let counting = 0;

function countSoon() {
  clearTimeout(counting);
  counting = setTimeout(() => {
    if (isPainting()) return countSoon();
    const { trimap } = state;
    const shown = element("counts");
    if (!trimap) return void (shown.textContent = "");
    const share = (pixels) => `${((100 * pixels) / trimap.values.length).toFixed(1)} %`;
    const { foreground, unknown, background } = trimap.count();
    shown.textContent = say("counts", {
      foreground: share(foreground),
      unknown: share(unknown),
      background: share(background),
    });
  }, PAUSE_BEFORE_COUNTING);
}

function showJob() {
  const { job } = state;
  hide("job", job === null);
  if (!job) return;
  const values = { ...job.values, job: say(job.name) };
  element("job-text").textContent = say(job.text, values);
  const progress = element("job-progress");
  if (job.share === null) progress.removeAttribute("value");
  else progress.value = job.share;
}

function noteLine(/** @type {string} */ note) {
  const said = inChosenLanguage(note);
  const line = document.createElement("li");
  line.textContent = said ?? inPageWords(note);
  if (said === null) line.lang = "en";
  return line;
}

function showFailure() {
  const { failure } = state;
  hide("failure", failure === null);
  if (!failure) return;
  element("failure-sentence").textContent = failure.sentence();
  element("failure-advice").textContent = failure.advice();
  element("failure-server").textContent = failure.server();
}
