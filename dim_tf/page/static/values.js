// @ts-check
/** Values that several parts of the page share. */

/** What a pixel of a trimap says. Nothing else ever stands in one. */
export const BACKGROUND = 0;
export const UNKNOWN = 128;
export const FOREGROUND = 255;

/** The three, in the order in which `history.js` numbers them. */
export const VALUES = [BACKGROUND, UNKNOWN, FOREGROUND];

/** Sides of a brush, pixels of the photo. */
export const SMALLEST_BRUSH = 1;
export const LARGEST_BRUSH = 1000;

/** The smallest side of a rectangle, pixels of the photo. */
export const SMALLEST_RECTANGLE = 2;

/** One step of zooming, by a button or a key. */
export const ZOOM = 1.25;
