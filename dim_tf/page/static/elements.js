// @ts-check
/** The element of an id, of whatever kind. */
export const element = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
