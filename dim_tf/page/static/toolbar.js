// @ts-check
/** A toolbar is one stop of the Tab key; arrows go from button to button. */

/** Moves within a toolbar by the arrow keys. Buttons that are off are passed over. */
export function moveByArrows(/** @type {HTMLElement} */ toolbar) {
  const buttons = [...toolbar.querySelectorAll("button")];
  const stopAt = (chosen) => {
    for (const button of buttons) button.tabIndex = button === chosen ? 0 : -1;
  };
  /** What has the focus, or had it when it was turned off: that takes the focus from it. */
  let focused = null;
  stopAt(buttons[0]);
  toolbar.addEventListener("focusin", (event) => {
    focused = event.target;
    if (buttons.includes(/** @type {any} */ (focused))) stopAt(focused);
  });
  toolbar.addEventListener("focusout", (event) => {
    if (isOn(/** @type {any} */ (event.target))) focused = null;
  });
  toolbar.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(/** @type {any} */ (event.target));
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    nextOn(buttons, next, event.key === "ArrowLeft" || event.key === "End" ? -1 : 1)?.focus();
  });
  // A button that is turned off is no stop any more, nor keeps it the focus.
  new MutationObserver(() => {
    const stop = buttons.findIndex((button) => button.tabIndex === 0);
    if (!buttons[stop].disabled) return;
    const hadFocus = focused === buttons[stop];
    const neighbour = neighbourOn(buttons, stop);
    if (neighbour) stopAt(neighbour);
    if (hadFocus) neighbour?.focus();
  }).observe(toolbar, { subtree: true, attributeFilter: ["disabled"] });
}

const isOn = (/** @type {HTMLButtonElement} */ button) => !button.disabled;

/** The first button that is on, from one on around the whole toolbar. */
function nextOn(/** @type {HTMLButtonElement[]} */ buttons, /** @type {number} */ first, step) {
  const count = buttons.length;
  return buttons.map((_, turn) => buttons[(first + turn * step + 2 * count) % count]).find(isOn);
}

/** The button that is on behind one, or else before it. */
function neighbourOn(/** @type {HTMLButtonElement[]} */ buttons, /** @type {number} */ place) {
  return buttons.slice(place).find(isOn) ?? buttons.slice(0, place).reverse().find(isOn);
}
