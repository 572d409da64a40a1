// @ts-check
/** The stage: four canvases of the window's size above each other, and where the photo lies on them. */
import {
  drawAsPhoto,
  drawBackdrop,
  drawCursor,
  drawDivider,
  drawRectangle,
  drawTrimap,
  tints,
  within,
} from "./layers.js";
import { shownAs, state, tell } from "./state.js";
import { fitted, halves, isSamePane, moved, showing, zoomed } from "./viewport.js";

const LAYERS = ["photo", "result", "overlay", "cursor"];
const GAP = 6;
/** What zooming around a place may move it by, as all is rounded: CSS pixels. */
const STILL = 3;

export class Stage {
  /**
   * @param {HTMLElement} root has a canvas for each layer
   * @param {(now: number) => boolean} beforeDrawing called in each frame; true: it wants another
   */
  constructor(root, beforeDrawing) {
    this.root = root;
    this.beforeDrawing = beforeDrawing;
    /** @type {Record<string, HTMLCanvasElement>} */
    this.canvases = {};
    /** @type {Record<string, CanvasRenderingContext2D>} */
    this.contexts = {};
    for (const layer of LAYERS) {
      const canvas = root.querySelector(`canvas[data-layer=${layer}]`);
      this.canvases[layer] = /** @type {HTMLCanvasElement} */ (canvas);
      const options = { willReadFrequently: layer === "overlay" };
      this.contexts[layer] = /** @type {any} */ (this.canvases[layer].getContext("2d", options));
    }
    this.ratio = 1;
    /** @type {import("./viewport.js").View} */
    this.view = { scale: 1, x: 0, y: 0 };
    /** The panes' size when the photo was last put in its place. */
    this.arranged = { width: 0, height: 0 };
    /** Whether the whole photo is to stay in the window when its size changes. */
    this.fits = true;
    /** @type {{x: number, y: number, size: number, round: boolean, down: boolean} | null} */
    this.cursor = null;
    /** @type {number[][]} */
    this.cursorDrawn = [];
    /** @type {Set<string>} */
    this.waiting = new Set();
    this.frame = 0;
    /** Nothing has been marked: the photo is shown without a tint. */
    this.unmarked = true;
    new ResizeObserver(() => this.#resize()).observe(root);
    this.#resize();
    this.#watchRatio();
  }

  /** The parts of the stage that show the photo or what was made of it, each as a whole. */
  panes() {
    const { width, height } = this.canvases.cursor;
    if (this.look() !== "beside") return [{ x: 0, y: 0, width, height }];
    const photo = state.photo ?? { width: 1, height: 1 };
    return halves({ width, height }, photo, Math.round(GAP * this.ratio));
  }

  /** What is shown; without a result there is only the photo. */
  look() {
    return state.result ? state.look : "photo";
  }

  /** Draws layers again in the next frame: "photo", "result", "overlay", "cursor". */
  draw(/** @type {string[]} */ ...layers) {
    for (const layer of layers) this.waiting.add(layer);
    if (!this.frame) this.frame = requestAnimationFrame((now) => this.#draw(now));
  }

  drawAll() {
    this.draw(...LAYERS);
  }

  /** A place on the screen in pixels of the photo, and the pane it lies in. */
  toPhoto(clientX, clientY, pane = null) {
    const corner = this.canvases.cursor.getBoundingClientRect();
    const x = (clientX - corner.left) * this.ratio;
    const y = (clientY - corner.top) * this.ratio;
    const panes = this.panes();
    pane ??= panes.find((one) => x < one.x + one.width && y < one.y + one.height) ?? panes[0];
    return {
      x: (x - pane.x - this.view.x) / this.view.scale,
      y: (y - pane.y - this.view.y) / this.view.scale,
      paneX: x - pane.x,
      paneY: y - pane.y,
      pane,
    };
  }

  /** Whether a place of the photo, of a pane, still lies where it was on the screen, nearly. */
  isStillAt(clientX, clientY, { x, y, pane }) {
    if (!this.panes().some((one) => isSamePane(one, pane))) return false;
    const now = this.toPhoto(clientX, clientY, pane);
    return Math.hypot(now.x - x, now.y - y) * this.view.scale <= STILL * this.ratio;
  }

  fit() {
    if (!state.photo) return;
    this.fits = true;
    this.#show(fitted(state.photo, this.panes()[0], this.#corner()));
  }

  /** What the zoom's buttons take of the upper right corner: what lies there could not be painted. With
   *  two panes it can, in the other one. */
  #corner() {
    if (this.look() === "beside") return undefined;
    const stage = this.root.getBoundingClientRect();
    const zoom = /** @type {HTMLElement} */ (this.root.querySelector("#zoom")).getBoundingClientRect();
    if (!zoom.width) return undefined;
    return {
      width: (stage.right - zoom.left) * this.ratio,
      height: (zoom.bottom - stage.top) * this.ratio,
    };
  }

  onePixelForOne() {
    if (!state.photo) return;
    this.fits = false;
    const { width, height } = this.panes()[0];
    this.zoom(1 / this.view.scale, width / 2, height / 2);
  }

  /** Zooms around a place of a pane; left out: its middle. */
  zoom(factor, paneX = this.panes()[0].width / 2, paneY = this.panes()[0].height / 2) {
    if (!state.photo) return;
    this.fits = false;
    this.#show(zoomed(this.view, factor, paneX, paneY, state.photo, this.panes()[0]));
  }

  move(dx, dy) {
    if (!state.photo) return;
    this.fits = false;
    this.#show(moved(this.view, dx, dy, state.photo, this.panes()[0]));
  }

  /** Moves the photo so that one of its places is seen. */
  keepInSight(x, y) {
    const view = showing(this.view, x, y, state.photo, this.panes()[0]);
    if (view !== this.view) this.#show(view);
  }

  /** The panes may have changed: the photo keeps its middle, or is fitted again. */
  arrange() {
    const before = this.arranged;
    const now = this.panes()[0];
    this.arranged = now;
    if (this.fits && state.photo) this.fit();
    else if (before.width !== now.width || before.height !== now.height) {
      this.move((now.width - before.width) / 2, (now.height - before.height) / 2);
    }
    this.drawAll();
  }

  #show(view) {
    this.view = view;
    this.drawAll();
    tell("view");
  }

  #resize() {
    this.ratio = window.devicePixelRatio || 1;
    const box = this.root.getBoundingClientRect();
    for (const canvas of Object.values(this.canvases)) {
      canvas.width = Math.max(1, Math.round(box.width * this.ratio));
      canvas.height = Math.max(1, Math.round(box.height * this.ratio));
    }
    this.arrange();
  }

  /** A screen with another number of pixels leaves the window's size as it is. */
  #watchRatio() {
    this.sameRatio = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    const change = () => {
      this.#resize();
      this.#watchRatio();
    };
    this.sameRatio.addEventListener("change", change, { once: true });
  }

  /** Where a layer is drawn. */
  #regions(layer) {
    const whole = (pane) => ({ ...pane, left: 0, right: pane.width });
    const panes = this.panes().map(whole);
    const look = this.look();
    if (layer === "overlay") {
      if (state.overResult) return panes;
      return look === "photo" || look === "beside" ? panes.slice(0, 1) : [];
    }
    if (look === "slider") {
      const at = Math.round(state.divide * panes[0].width);
      return layer === "photo" ? [{ ...panes[0], right: at }] : [{ ...panes[0], left: at }];
    }
    if (layer === "photo") return look === "result" ? [] : panes.slice(0, 1);
    return look === "photo" ? [] : panes.slice(-1);
  }

  #draw(/** @type {number} */ now) {
    this.frame = 0;
    if (this.beforeDrawing(now)) this.draw();
    const waiting = this.waiting;
    this.waiting = new Set();
    const { photo, trimap } = state;
    if (!photo || !trimap) return;
    const unmarked = trimap.revision === 0;
    if (unmarked !== this.unmarked) waiting.add("overlay");
    this.unmarked = unmarked;
    for (const layer of waiting) this.#clear(layer);
    if (waiting.has("photo")) {
      for (const region of this.#regions("photo")) {
        const context = this.contexts.photo;
        within(context, region, () => drawAsPhoto(context, photo.picture, this.view, photo));
      }
    }
    if (waiting.has("result")) this.#drawResult();
    if (waiting.has("overlay")) {
      trimap.takeChanged();
      this.#drawTrimap({ left: 0, top: 0, right: photo.width, bottom: photo.height });
    } else {
      const box = trimap.takeChanged();
      if (box) this.#drawTrimap(box);
    }
    if (waiting.has("cursor")) this.#drawCursor();
  }

  #clear(layer) {
    if (layer === "cursor") return; // it clears what it has drawn, and no more
    const { width, height } = this.canvases[layer];
    this.contexts[layer].clearRect(0, 0, width, height);
  }

  #drawTrimap(box) {
    const { trimap } = state;
    if (!trimap) return;
    const colours = tints(state.opacity, this.unmarked);
    for (const region of this.#regions("overlay")) {
      drawTrimap(this.contexts.overlay, region, box, this.view, trimap, colours);
    }
  }

  #drawResult() {
    const { result, photo } = state;
    if (!result || !photo) return;
    const context = this.contexts.result;
    const { matte, cutout } = result.pictures;
    for (const region of this.#regions("result")) {
      within(context, region, () => {
        if (shownAs() === "matte") {
          drawAsPhoto(context, matte, this.view, photo);
        } else {
          drawBackdrop(context, state.backdrop, this.view, photo, this.ratio);
          drawAsPhoto(context, cutout, this.view, photo);
        }
        if (this.look() === "slider") drawDivider(context, region, this.ratio);
      });
    }
  }

  #drawCursor() {
    const context = this.contexts.cursor;
    for (const box of this.cursorDrawn) context.clearRect(...box);
    this.cursorDrawn = [];
    for (const pane of this.panes()) {
      if (state.rectangle && state.tool === "rectangle") {
        const { rectangle } = state;
        this.cursorDrawn.push(drawRectangle(context, pane, rectangle, this.view, this.ratio));
      }
      if (this.cursor) {
        this.cursorDrawn.push(drawCursor(context, pane, this.cursor, this.view, this.ratio));
      }
    }
  }
}
