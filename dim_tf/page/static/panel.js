// @ts-check
/** Buttons and fields: what is pressed changes the state or begins a job. */
import * as actions from "./actions.js";
import { chooseLetterKeys, chooseLook, chooseValue } from "./choosing.js";
import { element } from "./elements.js";
import { stop } from "./jobs.js";
import { showKeys } from "./key_list.js";
import { openSample } from "./opening.js";
import { paintBox } from "./pointer.js";
import { showAs } from "./results.js";
import { save } from "./saving.js";
import { state, update } from "./state.js";
import { chooseLanguage } from "./texts.js";
import { moveByArrows } from "./toolbar.js";
import { BACKGROUND, LARGEST_BRUSH, SMALLEST_RECTANGLE, UNKNOWN, ZOOM } from "./values.js";

const SIDES = ["x", "y", "width", "height"];

/** The slider of the brush's size is even in the logarithm. */
export const sizeOf = (position) => Math.round(LARGEST_BRUSH ** (position / 100));
export const positionOf = (size) => (100 * Math.log(size)) / Math.log(LARGEST_BRUSH);

/** What a finished rectangle is for: it is painted, or the object is looked for in it. */
export function useRectangle(/** @type {typeof state.rectangle} */ box) {
  if (!actions.isRectangle(box) || !box) return;
  if (state.rectangleFor === "paint") paintBox(box);
  else actions.findObject(box);
}

/**
 * Listens to all controls.
 * @param {import("./stage.js").Stage} stage
 */
export function listenToControls(stage) {
  const clicks = {
    "show-keys": showKeys,
    "try-sample": openSample,
    "find-object": () => actions.findObject(),
    "start-rectangle": () => {
      update({ tool: "rectangle", rectangleFor: "find" });
      stage.canvases.cursor.focus();
    },
    "use-rectangle": () => useRectangle(typedRectangle()),
    "band-again": actions.makeTrimapAgain,
    "band-around": actions.putBand,
    "all-background": () => actions.startAgain(BACKGROUND),
    "all-unknown": () => actions.startAgain(UNKNOWN),
    compute: actions.compute,
    stop,
    "go-on": actions.goOnFromMatte,
    undo: actions.undo,
    redo: actions.redo,
    "zoom-in": () => stage.zoom(ZOOM),
    "zoom-out": () => stage.zoom(1 / ZOOM),
    "zoom-one": () => stage.onePixelForOne(),
    "zoom-fit": () => stage.fit(),
    "failure-close": () => update({ failure: null }),
  };
  for (const [id, act] of Object.entries(clicks)) element(id).addEventListener("click", () => act());
  onEach("#tools [data-tool]", (button) => update({ tool: button.dataset.tool }));
  onEach("[data-value]", (button) => chooseValue(Number(button.dataset.value)));
  onEach("[data-look]", (button) => chooseLook(button.dataset.look));
  onEach("[data-as]", (button) => showAs(button.dataset.as));
  for (const button of document.querySelectorAll("[data-save]")) {
    button.addEventListener("click", (event) => {
      const isFirst = /** @type {MouseEvent} */ (event).detail < 2; // a double click saves once
      if (isFirst) save(/** @type {any} */ (button).dataset.save);
    });
  }
  onEach("[data-backdrop]", (button) => chooseBackdrop(button.dataset.backdrop));
  whenInput("own-colour", (field) => chooseBackdrop(field.value));
  // A colour that stays the same is no input.
  element("own-colour").addEventListener("click", () => chooseBackdrop(element("own-colour").value));
  whenInput("size", (field) => update({ size: sizeOf(Number(field.value)) }));
  whenInput("opacity", (field) => update({ opacity: field.value / 100 }));
  whenInput("over-result", (field) => update({ overResult: field.checked }));
  whenInput("divide", (field) => update({ divide: field.value / 1000 }));
  whenInput("letter-keys", (field) => chooseLetterKeys(field.checked));
  whenInput("language", (field) => chooseLanguage(field.value));
  whenInput("band-auto", readBand);
  whenInput("band", readBand);
  // Of a Chinese keyboard the comma is another one.
  const labels = (text) => text.split(/[\s,，、;；]+/).filter(Boolean).join(",");
  whenInput("label", (field) => update({ label: labels(field.value) }));
  whenInput("invert", (field) => update({ invert: field.value }));
  whenInput("mask-orientation", (field) => update({ maskOrientation: field.value }));
  for (const choice of document.querySelectorAll("[name=rectangle-for]")) {
    choice.addEventListener("change", () =>
      update({ rectangleFor: /** @type {any} */ (choice).value }),
    );
  }
  for (const side of ["width", "height"]) element(`rectangle-${side}`).min = SMALLEST_RECTANGLE;
  for (const side of SIDES) {
    whenInput(`rectangle-${side}`, () => {
      const box = typedRectangle();
      if (Object.values(box).every(Number.isInteger)) update({ rectangle: box });
    });
  }
  moveByArrows(element("tools"));
  // After a click the Space bar is to move the photo, not to press the button again.
  for (const id of ["tools", "looks", "kinds", "zoom"]) {
    element(id).addEventListener("click", (/** @type {MouseEvent} */ event) => {
      const byPointer = event.detail > 0 && /** @type {any} */ (event.target).closest("button");
      if (byPointer) stage.canvases.cursor.focus({ preventScroll: true });
    });
  }
  readBand();
}

function chooseBackdrop(/** @type {string} */ name) {
  const backdrop = name === "checkerboard" ? { kind: name } : { kind: "colour", colour: name };
  update({ backdrop: /** @type {any} */ (backdrop) });
}

function readBand() {
  const automatic = element("band-auto").checked;
  const width = element("band").value;
  element("band").disabled = automatic;
  update({ band: automatic ? null : Number(width) });
}

function typedRectangle() {
  const [x, y, width, height] = SIDES.map((side) => element(`rectangle-${side}`).valueAsNumber);
  return { x, y, width, height };
}

function onEach(selector, act) {
  for (const button of document.querySelectorAll(selector)) {
    button.addEventListener("click", () => act(button));
  }
}

function whenInput(id, act) {
  const field = element(id);
  field.addEventListener("input", () => act(field));
}
