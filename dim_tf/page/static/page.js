// @ts-check
/** Puts the page together. */
import { firstLetterKeys } from "./choosing.js";
import { frames } from "./frames.js";
import { watchServer } from "./jobs.js";
import { listenToKeys } from "./keys.js";
import { paintFrame } from "./painting.js";
import { listenToControls, useRectangle } from "./panel.js";
import { listenToPointers } from "./pointer.js";
import { showState } from "./showing.js";
import { Stage } from "./stage.js";
import { isUnsaved, state, update } from "./state.js";
import { firstLanguage } from "./texts.js";
import { listenToFiles } from "./ways_in.js";

update({ language: firstLanguage(), letterKeys: firstLetterKeys() });
const stage = new Stage(/** @type {HTMLElement} */ (document.getElementById("stage")), paintFrame);
const rectangleDrawn = () => useRectangle(state.rectangle);
const pointers = listenToPointers(stage, rectangleDrawn);
listenToKeys(stage, pointers, rectangleDrawn);
listenToControls(stage);
listenToFiles();
showState(stage);
watchServer();

window.addEventListener("beforeunload", (event) => {
  if (!isUnsaved()) return;
  event.preventDefault();
  event.returnValue = true; // older browsers
});

// For tests and measuring, see docs/page.md: what is painted, and how smoothly.
Object.assign(window, {
  dimTf: Object.freeze({
    frames,
    /** A copy of the trimap, or null. */
    trimap: () =>
      state.trimap && {
        width: state.trimap.width,
        height: state.trimap.height,
        values: state.trimap.values.slice(),
      },
    /** Where the photo lies on the stage, in device pixels. */
    view: () => ({ ...stage.view, ratio: stage.ratio }),
  }),
});
