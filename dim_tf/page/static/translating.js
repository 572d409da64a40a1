// @ts-check
/** Sentences of the server, which speaks English, in Chinese. */
import { FILES, PARTS } from "./server.zh.js";

/** Where a sentence is cut; not within brackets. As `dim_tf.page.refusals` cuts it in two. */
const BETWEEN = /; (?![^(]*\))/;
const FILE = `(${Object.keys(FILES).join("|")})`;
/** A note begins with its file. */
const NOTE = new RegExp(`^${FILE}: `, "i");
const BLANK_IN_CHINESE = /([\u4e00-\u9fff“”，。；：？（）]) (?=[\u4e00-\u9fff“”])/g;
const BLANK_BEFORE_STOP = / (?=[，。；：？（）])/g;
/** What of `PARTS` says most is tried first: others may take its words for what fills a place. */
const KNOWN = Object.entries(PARTS)
  .map(([english, chinese]) => ({ ...patternOf(english), chinese }))
  .sort((one, other) => other.said - one.said);

/**
 * A sentence or note of the server in Chinese, or null where a part of it is not known.
 * @param {string} sentence
 * @param {Record<string, string>} called a field → what its file is to the person
 */
export function inChinese(sentence, called = {}) {
  const note = sentence.match(NOTE);
  const body = note ? sentence.slice(note[0].length) : sentence;
  const parts = body.replace(/[.?]$/, "").split(BETWEEN);
  const told = parts.map((part) => translated(part, called));
  if (told.includes(null)) return null;
  const end = body.endsWith("?") ? "？" : "。";
  return `${note ? `${value(note[1], called)}：` : ""}${told.join("；")}${end}`;
}

/** @returns {string | null} */
function translated(part, called) {
  for (const { pattern, names, chinese } of KNOWN) {
    const found = part.match(pattern);
    if (!found) continue;
    // A label is what the person wrote, in any language.
    const values = found.slice(1).map((text, at) => (names[at] === "label" ? text : value(text, called)));
    if (values.includes(null)) continue;
    const places = Object.fromEntries(names.map((name, index) => [name, values[index]]));
    return chinese.replace(/\{(\w+)\}/g, (_, name) => places[name]);
  }
  return null;
}

/**
 * What fills a place: a file, something that has a translation, or a list of numbers.
 * @returns {string | null}
 */
function value(/** @type {string} */ text, called) {
  const file = Object.keys(FILES).find((name) => name.toLowerCase() === text.toLowerCase());
  if (file) return called[file.replace("the ", "")] ?? FILES[file];
  return translated(text, called) ?? (hasWords(listed(text)) ? null : listed(text));
}

/** Whether there are words in it; options, colours and parameters are written so in any language. */
function hasWords(/** @type {string} */ text) {
  return /\b[a-z]{3,}\b/.test(text.replace(/dim-tf page --\S+|`\w+`|\w+=\S+|#\w+/g, ""));
}

function listed(/** @type {string} */ text) {
  return text
    .replace(/,? and (\d+) more( values)?$/, " 以及另外 $1 个")
    .replace(/ and (?=.* and )/g, ", ")
    .replace(/, /g, "、")
    .replace(/ and /g, " 和 ")
    .replace(/ or /g, " 或 ");
}

/** A template as a pattern, the names of its places, and how many letters it says itself. */
function patternOf(/** @type {string} */ template) {
  const pieces = template.split(/\{(\w+)\}/);
  const names = pieces.filter((_, index) => index % 2 === 1);
  const pattern = pieces.map((piece, index) => {
    if (index % 2 === 0) return piece.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return ["file", "photo"].includes(piece) ? FILE : "(.+?)";
  });
  return {
    pattern: new RegExp(`^${pattern.join("")}$`, "i"),
    names,
    said: pieces.filter((_, index) => index % 2 === 0).join("").length,
  };
}

/** A Chinese sentence without the blanks around what was put into it, where that is Chinese too. */
export function closedUp(/** @type {string} */ text) {
  return text.replace(BLANK_IN_CHINESE, "$1").replace(BLANK_BEFORE_STOP, "");
}
