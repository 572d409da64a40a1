// @ts-check
/**
 * PNG files of one channel of 8 bits, to the byte. A canvas would do it too, but some browsers change
 * what is read from a canvas by a little, so that nobody is known again by it.
 */
const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const GREY = 0;
const HEADER_BYTES = 13;
/** In a file: behind the signature, and the header's length and name. */
const SIZE_AT = 16;

/**
 * How the server is to read a mask or trimap that was painted here: as it is. It would guess else whether
 * the object is black, and how the photo's EXIF orientation turns it.
 */
export const AS_PAINTED = { invert: "no", mask_orientation: "as_stored" };

/** By which a trimap that was saved here, or by the program, says that it is one: nothing is guessed of it. */
export const TRIMAP_MARK = "Description\0trimap";

const CRC_TABLE = new Uint32Array(256).map((_, number) => {
  for (let bit = 0; bit < 8; bit++) number = number & 1 ? 0xedb88320 ^ (number >>> 1) : number >>> 1;
  return number;
});

/**
 * A grey PNG.
 * @param {Uint8Array} values height rows of width pixels
 * @param {number} width
 * @param {number} height
 * @param {string} mark what the file says of itself, such as TRIMAP_MARK
 * @returns {Promise<Blob>}
 */
export async function writeGreyPng(values, width, height, mark = "") {
  const rows = new Uint8Array(height * (width + 1)); // each row begins with its filter: 0, none
  for (let y = 0; y < height; y++) {
    rows.set(values.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  }
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 8; // bits
  header[9] = GREY;
  const parts = [
    new Uint8Array(SIGNATURE),
    chunk("IHDR", header),
    ...(mark ? [chunk("tEXt", new TextEncoder().encode(mark))] : []),
    chunk("IDAT", await through(rows, new CompressionStream("deflate"))),
    chunk("IEND", new Uint8Array()),
  ];
  return new Blob(parts, { type: "image/png" });
}

/** The width and height of a PNG, by what it says of itself. */
export async function sizeOfPng(/** @type {Blob} */ file) {
  const header = new DataView(await file.slice(0, SIZE_AT + 8).arrayBuffer());
  return [header.getUint32(SIZE_AT), header.getUint32(SIZE_AT + 4)];
}

/**
 * The pixels of a grey PNG of 8 bits.
 * @param {Blob} file
 * @returns {Promise<{values: Uint8Array, width: number, height: number, marks: string[]}>} `marks`: what
 *   the file says of itself
 * @throws {TypeError} it is another kind of file
 */
export async function readGreyPng(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const view = new DataView(bytes.buffer);
  if (SIGNATURE.some((byte, at) => bytes[at] !== byte)) throw new TypeError("no PNG");
  let header = null;
  const packed = [];
  const marks = [];
  for (let at = SIGNATURE.length; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const content = bytes.subarray(at + 8, at + 8 + length);
    if (name === "IHDR") header = content;
    if (name === "IDAT") packed.push(content);
    if (name === "tEXt") marks.push(new TextDecoder("latin1").decode(content));
    if (name === "eXIf") throw new TypeError("it may be turned");
    at += 12 + length;
  }
  if (!header || header[8] !== 8 || header[9] !== GREY || header[12] !== 0) {
    throw new TypeError("no grey PNG of 8 bits");
  }
  const size = new DataView(header.buffer, header.byteOffset);
  const [width, height] = [size.getUint32(0), size.getUint32(4)];
  const rows = await through(new Blob(packed), new DecompressionStream("deflate"));
  if (rows.length !== height * (width + 1)) throw new TypeError("a damaged PNG");
  return { values: unfiltered(rows, width, height), width, height, marks };
}

/** Undoes the filters of the rows (PNG specification, section 9). */
function unfiltered(rows, width, height) {
  const values = new Uint8Array(width * height);
  let above = new Uint8Array(width);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (width + 1)];
    const row = values.subarray(y * width, (y + 1) * width);
    row.set(rows.subarray(y * (width + 1) + 1, (y + 1) * (width + 1)));
    for (let x = 0; x < width && filter > 0; x++) {
      const left = x ? row[x - 1] : 0;
      const corner = x ? above[x - 1] : 0;
      if (filter === 1) row[x] += left;
      else if (filter === 2) row[x] += above[x];
      else if (filter === 3) row[x] += (left + above[x]) >> 1;
      else row[x] += nearestOf(left, above[x], corner);
    }
    above = row;
  }
  return values;
}

function nearestOf(left, up, corner) {
  const guess = left + up - corner;
  const [toLeft, toUp, toCorner] = [left, up, corner].map((value) => Math.abs(guess - value));
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

async function through(content, transform) {
  const stream = new Blob([content]).stream().pipeThrough(transform);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function chunk(name, content) {
  const bytes = new Uint8Array(content.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  for (let at = 0; at < 4; at++) bytes[4 + at] = name.charCodeAt(at);
  bytes.set(content, 8);
  let crc = 0xffffffff;
  for (let at = 4; at < bytes.length - 4; at++) {
    crc = CRC_TABLE[(crc ^ bytes[at]) & 255] ^ (crc >>> 8);
  }
  view.setUint32(bytes.length - 4, ~crc >>> 0);
  return bytes;
}
