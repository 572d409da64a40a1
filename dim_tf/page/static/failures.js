// @ts-check
/** What went wrong, as a sentence and what to do; and what has happened, for who does not see it. */
import { ServerFailure } from "./server.js";
import { state, update } from "./state.js";
import { hasText, kindsRead, say } from "./texts.js";
import { controlsOfBand, inChosenLanguage, inPageWords } from "./wording.js";

/**
 * @typedef {{sentence: () => string, advice: () => string, server: () => string}} Told Functions, so that
 *   they follow the language. `server`: what the server said, in English, where that is not shown already.
 */

/** Groups of answers that one sentence in another language stands for. */
const GROUPS = {
  400: "bad_request",
  403: "forbidden",
  404: "not_found",
  405: "bad_request",
  413: "too_large",
  415: "unknown_kind",
  422: "unusable",
  429: "queue_full",
  503: "unavailable",
};

/** What a job cannot do although the server refuses nothing: a text of the page, as `tellProblem` has it. */
export class Problem extends Error {
  constructor(/** @type {string} */ key, values = {}) {
    super(key);
    this.key = key;
    this.values = values;
  }
}

/** Shows what went wrong, until something new begins or it is closed. */
export function tellFailure(/** @type {unknown} */ error) {
  update({ failure: told(error) });
}

/** Shows a failure that the page found itself. */
export function tellProblem(/** @type {string} */ key, values = {}) {
  tellFailure(new Problem(key, values));
}

/** What was told last to who listens. */
let announced = () => "";

/** Tells who listens what has happened; it is read aloud and not shown. */
export function announce(/** @type {string} */ key, values = {}) {
  announced = () => say(key, values);
  announceAgain();
}

/** Tells the last again, in the language that is chosen now. */
export function announceAgain() {
  const status = document.getElementById("status");
  if (status) status.textContent = announced();
}

/** @returns {Told} */
function told(error) {
  if (error instanceof Problem) {
    const { key, values } = error;
    const filled = () => ({ kinds: kindsRead(), ...values });
    return { sentence: () => say(key, filled()), advice: () => say(`${key}_advice`, filled()), server: () => "" };
  }
  if (!(error instanceof ServerFailure) || error.failure.kind !== "refused") {
    const words = String(error instanceof Error ? error.message : error);
    console.error(error);
    return {
      sentence: () => say("page_broke", { words }),
      advice: () => say("page_broke_advice"),
      server: () => "",
    };
  }
  const { failure } = error;
  const group = GROUPS[failure.status] ?? "unavailable";
  const [code, advice] = [`code_${failure.code}`, `advice_${failure.code}`];
  const sentence = () => inChosenLanguage(failure.error, failure.called);
  const sentenceOfGroup = () => say(hasText(code) ? code : `code_${group}`);
  const adviceOfServer = () => (failure.advice ? inChosenLanguage(failure.advice, failure.called) : "");
  const adviceOfGroup = () => {
    const key = hasText(advice) ? advice : `advice_${group}`;
    return hasText(key) ? say(key, { kinds: kindsRead() }) : "";
  };
  const where = () => {
    const controls = controlsOfBand(failure.advice).join(say("listed"));
    if (!controls) return "";
    return say("where_controls_are", { controls, section: say("band"), again: say("band_again") });
  };
  // A text of its own says all of it, unlike that of a group.
  const isTold = hasText(code) && failure.code !== group && failure.code !== "model_failed";
  const isKnown = () => isTold || (sentence() !== null && adviceOfServer() !== null);
  const inEnglish = () => [failure.error, failure.advice].map((one) => inPageWords(one, failure.called));
  return {
    sentence: () => sentence() ?? sentenceOfGroup(),
    advice: () => say("two_sentences", { one: adviceOfServer() ?? adviceOfGroup(), other: where() }).trim(),
    server: () => (isKnown() ? "" : inEnglish().join(" ").trim()),
  };
}
