// @ts-check
/** What is asked of the server, and what may go wrong. */

/**
 * Why there is no answer that can be used.
 * @typedef {{kind: "gone", timedOut?: boolean} | {kind: "stopped"} | {kind: "refused",
 *   status: number, code: string, error: string, advice: string, after: number | null,
 *   called?: Record<string, string>}} Failure `after`: seconds after which it is worth asking again;
 *   `timedOut`: a proxy did not wait for the answer; `called`: as `Job.request` has it.
 */
export class ServerFailure extends Error {
  /** @param {Failure} failure */
  constructor(failure) {
    super(failure.kind === "refused" ? failure.error : failure.kind);
    this.failure = failure;
  }
}

/**
 * Sends files and values, and gets a picture.
 * @param {string} path
 * @param {Record<string, string>} query
 * @param {Record<string, Blob | File | string>} fields
 * @param {AbortSignal} signal
 * @returns {Promise<{file: Blob, notes: string[]}>}
 * @throws {ServerFailure}
 */
export async function send(path, query, fields, signal) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === "string") form.append(name, value);
    else form.append(name, value, value instanceof File ? value.name : `${name}.png`);
  }
  const address = `${path}?${new URLSearchParams(query)}`;
  const answer = await reach(address, { method: "POST", body: form, signal });
  try {
    return { file: await answer.blob(), notes: notesOf(answer) };
  } catch {
    throw new ServerFailure({ kind: signal.aborted ? "stopped" : "gone" });
  }
}

/**
 * Asks for JSON.
 * @param {string} path
 * @param {AbortSignal} [signal]
 * @returns {Promise<Object>}
 * @throws {ServerFailure}
 */
export async function ask(path, signal) {
  const answer = await reach(path, { signal });
  return answer.json();
}

/** Asks for a file that comes with the program. */
export async function fetchShipped(/** @type {string} */ name, /** @type {AbortSignal} */ signal) {
  const answer = await reach(`/static/${name}`, { signal });
  const content = await answer.blob().catch(() => {
    throw new ServerFailure({ kind: signal.aborted ? "stopped" : "gone" });
  });
  return new File([content], name, { type: "image/png" });
}

const TIMED_OUT = 504;
const FROM_A_PROXY = [502, 503, TIMED_OUT];

async function reach(address, options) {
  let answer;
  try {
    answer = await fetch(address, { cache: "no-store", ...options });
  } catch {
    throw new ServerFailure({ kind: options.signal?.aborted ? "stopped" : "gone" });
  }
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => ({}));
  // So says a proxy whose server is away; the server's own refusals have a code.
  if (FROM_A_PROXY.includes(answer.status) && !said.code) {
    throw new ServerFailure({ kind: "gone", timedOut: answer.status === TIMED_OUT });
  }
  const after = Number.parseInt(answer.headers.get("Retry-After") ?? "", 10);
  throw new ServerFailure({
    kind: "refused",
    status: answer.status,
    code: String(said.code ?? ""),
    error: String(said.error ?? `${answer.status} ${answer.statusText}`),
    advice: String(said.what_to_do ?? ""),
    after: Number.isFinite(after) ? after : null,
  });
}

function notesOf(answer) {
  try {
    const notes = JSON.parse(decodeURIComponent(answer.headers.get("Dim-Tf-Notes") ?? "[]"));
    return Array.isArray(notes) ? notes.map(String) : [];
  } catch {
    return [];
  }
}

/** An id for a request, by which its progress can be asked for. */
export function newRequestId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Waits; sooner where it is stopped. */
export function pause(/** @type {number} */ seconds, /** @type {AbortSignal} */ signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new ServerFailure({ kind: "stopped" }));
    };
    if (signal.aborted) return void reject(new ServerFailure({ kind: "stopped" }));
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve(undefined);
    }, seconds * 1000);
    signal.addEventListener("abort", stop, { once: true });
  });
}
