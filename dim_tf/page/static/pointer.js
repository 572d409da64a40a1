// @ts-check
/** Mouse, pen and fingers on the stage. */
import { announce } from "./failures.js";
import { brushDown, brushTo, brushUp, cancelStroke, fillAt, finishStep, isPainting } from "./painting.js";
import { state, update, whenChanged } from "./state.js";

const [MIDDLE, RIGHT, PEN_ERASER] = [1, 2, 5];
const ONE_NOTCH = 1.0015;
const ONE_PINCH = 1.01;
const LINE_HEIGHT = 16;

/**
 * Listens to pointers on the stage.
 * @param {import("./stage.js").Stage} stage
 * @param {() => void} rectangleDrawn called when a rectangle is finished
 * @returns {{hold: (pans: boolean) => void, giveUp: () => boolean}} `hold`: while the space bar is down,
 *   every pointer moves the photo; `giveUp`: lets go of a rectangle that is being drawn, and returns whether
 *   there was one
 */
export function listenToPointers(stage, rectangleDrawn) {
  const canvas = stage.canvases.cursor;
  /** @type {Map<number, {x: number, y: number}>} The fingers that are down. */
  const fingers = new Map();
  /** What the pointer that is down does.
   * @type {null | {does: "paint" | "fill" | "pan" | "rectangle" | "pinch" | "nothing", id: number,
   *   by: string, x: number, y: number, at: any, corner: {x: number, y: number}}} `x` and `y`: where it
   *   was last in the window; `at`: that place on the photo. */
  let drag = null;
  let spaceIsDown = false;
  let penWasSeen = false;

  function begin(/** @type {PointerEvent} */ event) {
    if (!state.photo) return;
    canvas.focus({ preventScroll: true });
    penWasSeen ||= event.pointerType === "pen";
    if (event.pointerType === "pen" && drag?.by === "touch") {
      letGo(); // the hand came down before its pen
      fingers.clear();
    }
    if (event.pointerType === "touch") {
      if (drag && drag.by !== "touch") return; // the hand beside the pen
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (fingers.size === 2) return beginPinch(event);
      if (fingers.size > 2) return;
    } else if (drag) return; // a second button of the same mouse
    canvas.setPointerCapture(event.pointerId);
    const place = stage.toPhoto(event.clientX, event.clientY);
    const does = whatItDoes(event);
    const { pointerId: id, pointerType: by, clientX: x, clientY: y } = event;
    drag = { does, id, by, x, y, at: place, corner: { x: place.x, y: place.y } };
    if (does === "paint") {
      brushDown(place, { erase: erases(event), line: event.shiftKey });
      stage.draw("cursor");
    } else if (does === "rectangle") {
      update({ corner: null, rectangle: null }); // the one before is done with
    }
    show(event);
  }

  function whatItDoes(/** @type {PointerEvent} */ event) {
    const byFinger = event.pointerType === "touch" && penWasSeen; // the hand beside the pen
    if (event.button === MIDDLE || spaceIsDown || state.tool === "pan" || byFinger) return "pan";
    if (state.tool !== "fill" && state.tool !== "rectangle") return "paint";
    return erases(event) ? "nothing" : state.tool;
  }

  function beginPinch(/** @type {PointerEvent} */ event) {
    letGo();
    const { pointerId: id, pointerType: by } = event;
    drag = { does: "pinch", id, by, x: 0, y: 0, at: null, corner: { x: 0, y: 0 } };
    hideCursor();
  }

  /** What the pointer that is down did so far is taken back. */
  function letGo() {
    if (drag?.does === "paint") cancelStroke();
    if (drag?.does === "rectangle") update({ rectangle: null });
    drag = null;
  }

  function go(/** @type {PointerEvent} */ event) {
    if (drag?.does === "pinch") return pinch(event);
    if (drag && event.pointerId !== drag.id) return;
    if (drag?.at && !stage.isStillAt(drag.x, drag.y, drag.at)) photoHasMoved(drag);
    show(event);
    if (!drag) return;
    const { pane } = drag.at ?? {};
    if (drag.does === "paint") {
      const passed = event.getCoalescedEvents?.() ?? [];
      const all = passed.length ? passed : [event];
      brushTo(all.map((one) => stage.toPhoto(one.clientX, one.clientY, pane)));
    } else if (drag.does === "pan") {
      const ratio = stage.ratio;
      stage.move((event.clientX - drag.x) * ratio, (event.clientY - drag.y) * ratio);
    } else if (drag.does === "rectangle") {
      const place = stage.toPhoto(event.clientX, event.clientY, pane);
      update({ rectangle: boxBetween(drag.corner, place, state.photo) });
    }
    [drag.x, drag.y] = [event.clientX, event.clientY];
    drag.at = stage.toPhoto(drag.x, drag.y, pane);
    stage.draw("cursor");
  }

  /** Another photo's place than a moment ago lies under the pointer: a stroke would jump there. */
  function photoHasMoved(/** @type {NonNullable<typeof drag>} */ moved) {
    if (moved.does === "paint") {
      brushUp();
      moved.does = "nothing";
    }
    moved.at = null;
  }

  function end(/** @type {PointerEvent} */ event) {
    fingers.delete(event.pointerId);
    if (drag?.does === "pinch") {
      if (!fingers.size) drag = null;
      return;
    }
    if (!drag || event.pointerId !== drag.id) return;
    if (event.type === "pointercancel") letGo();
    else if (drag.does === "paint") brushUp();
    else if (drag.does === "fill") fillAt(drag.corner); // not before: it may become two fingers
    else if (drag.does === "rectangle" && state.rectangle) rectangleDrawn();
    drag = null;
    if (event.pointerType === "touch") hideCursor();
    stage.draw("cursor");
  }

  function pinch(/** @type {PointerEvent} */ event) {
    const before = [...fingers.values()].slice(0, 2);
    const finger = fingers.get(event.pointerId);
    if (!finger || before.length < 2) return;
    const [middle, apart] = middleOf(before);
    [finger.x, finger.y] = [event.clientX, event.clientY];
    const [newMiddle, newApart] = middleOf([...fingers.values()].slice(0, 2));
    stage.move((newMiddle.x - middle.x) * stage.ratio, (newMiddle.y - middle.y) * stage.ratio);
    const place = stage.toPhoto(newMiddle.x, newMiddle.y);
    if (apart > 0) stage.zoom(newApart / apart, place.paneX, place.paneY);
  }

  /** The keyboard has its brush or a corner down: that stays where it is, whatever the mouse does. */
  const isKeyboardsTurn = () => state.corner !== null || (isPainting() && drag?.does !== "paint");

  function hideCursor() {
    if (isKeyboardsTurn()) return;
    stage.cursor = null;
    stage.draw("cursor");
  }

  /** Shows the brush where the pointer is. */
  function show(/** @type {PointerEvent} */ event) {
    if (isKeyboardsTurn()) return;
    const { tool } = state;
    const place = stage.toPhoto(event.clientX, event.clientY, drag?.at?.pane);
    const shown = drag?.does !== "pan" && tool !== "pan" && !spaceIsDown && state.photo;
    const round = tool === "brush" || tool === "eraser";
    const { x, y } = place;
    stage.cursor = shown ? { x, y, size: state.size, round, down: false } : null;
    stage.draw("cursor");
  }

  function wheel(/** @type {WheelEvent} */ event) {
    if (!state.photo) return;
    event.preventDefault();
    const delta = event.deltaY * (event.deltaMode ? LINE_HEIGHT : 1);
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      stage.move(-(event.deltaX || delta), 0);
      return;
    }
    const place = stage.toPhoto(event.clientX, event.clientY);
    const base = event.ctrlKey ? ONE_PINCH : ONE_NOTCH; // browsers tell a pinch as Ctrl and wheel
    stage.zoom(base ** -delta, place.paneX, place.paneY);
  }

  // What was begun on another photo is not for this one.
  whenChanged(["photo"], () => {
    if (drag && /^(paint|fill|rectangle)$/.test(drag.does)) drag.does = "nothing";
  });
  canvas.addEventListener("pointerdown", begin);
  canvas.addEventListener("pointermove", go);
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  canvas.addEventListener("wheel", wheel, { passive: false });
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("pointerleave", () => {
    if (!drag) hideCursor();
  });
  return {
    hold(pans) {
      spaceIsDown = pans;
      canvas.classList.toggle("pans", pans);
      if (pans) hideCursor();
    },
    giveUp() {
      if (drag?.does !== "rectangle") return false;
      drag.does = "nothing";
      update({ rectangle: null });
      announce("corner_gone");
      return true;
    },
  };
}

const erases = (/** @type {PointerEvent} */ event) =>
  event.button === RIGHT || event.button === PEN_ERASER;

function middleOf(places) {
  const [one, other] = places;
  const middle = { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
  return /** @type {const} */ ([middle, Math.hypot(one.x - other.x, one.y - other.y)]);
}

/**
 * The whole pixels of a photo between two corners.
 * @param {{x: number, y: number}} one
 * @param {{x: number, y: number}} other
 * @param {{width: number, height: number} | null} photo
 */
export function boxBetween(one, other, photo) {
  const within = (place, side) => Math.min(side, Math.max(0, Math.round(place)));
  const [width, height] = [photo?.width ?? 0, photo?.height ?? 0];
  const x = within(Math.min(one.x, other.x), width);
  const y = within(Math.min(one.y, other.y), height);
  const right = within(Math.max(one.x, other.x), width);
  const bottom = within(Math.max(one.y, other.y), height);
  return right > x && bottom > y ? { x, y, width: right - x, height: bottom - y } : null;
}

/** Paints a rectangle with the chosen value. */
export function paintBox(/** @type {{x: number, y: number, width: number, height: number}} */ box) {
  state.trimap?.paintRectangle(box, state.value);
  announce(finishStep() ? "rectangle_painted" : "nothing_changed");
}
