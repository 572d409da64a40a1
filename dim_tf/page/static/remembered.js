// @ts-check
/** Choices that hold for the next visit, where the browser keeps anything. */

/** What was chosen last, or null. */
export function remembered(/** @type {string} */ name) {
  try {
    return localStorage.getItem(`dim_tf.${name}`);
  } catch {
    return null; // a browser that keeps nothing
  }
}

/** Keeps a choice. */
export function remember(/** @type {string} */ name, /** @type {string} */ chosen) {
  try {
    localStorage.setItem(`dim_tf.${name}`, chosen);
  } catch {
    // it holds until the page is left
  }
}
