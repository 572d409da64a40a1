// @ts-check
/** What the server does for us: one job at a time, with its progress, and tried again where that helps. */
import { Problem, announce, tellFailure } from "./failures.js";
import { ServerFailure, ask, fetchShipped, newRequestId, pause, send } from "./server.js";
import { state, update } from "./state.js";

const SECONDS_BETWEEN_LOOKS = 0.3;
const SECONDS_UNTIL_NEXT_TRY = 1.5;
/** Refusals that pass by themselves, and how often each is borne in one request. */
const PASSING = { queue_full: Infinity, stopping: Infinity, worker_died: 1 };
/** What is said meanwhile. */
const WHILE_IT_PASSES = { queue_full: "server_busy", stopping: "server_ending", worker_died: "server_died" };
/**
 * So many answers in a row may get lost although the server is there, and so many of which a proxy says that
 * it did not wait for them: it would have everything sent and computed again, without end.
 */
const [LOST_ANSWERS, TIMED_OUT_ANSWERS] = [2, 1];
/** A photo is on its way: what else is asked for meanwhile waits for it. */
export const PHOTO = "job_photo";
/** A file that is made for the person is not given up for what begins after it. */
export const SAVE = "job_save";
/** What is done on the way to a photo, a matte and its cut-out, or to a file. */
export const PHOTO_MATTE_AND_FILES = [PHOTO, "job_trimap", "job_matte", "job_cutout", SAVE];
/** Where the server does not say when to ask again. */
const SECONDS_IF_BUSY = 5;

/** @type {AbortController | null} */
let running = null;
/**
 * How a job ended: "stopped" by the person, or "superseded" by a newer one.
 * @typedef {"done" | "failed" | "stopped" | "superseded"} Outcome
 */
/** Is kept when the job that runs is over. @type {Promise<Outcome>} */
let ended = Promise.resolve("done");

/**
 * Does a job; one that runs already is stopped, or waited for where its name is in `after`. Failures are
 * told.
 * @param {string} name of the text that says what is done, such as "job_matte"
 * @param {(job: Job) => Promise<void>} work
 * @param {string[]} after
 * @param {boolean} keepsFailure whether a failure that is shown has not been seen yet
 * @returns {Promise<boolean>} whether it came to its end
 */
export function run(name, work, after = [PHOTO, SAVE], keepsFailure = false) {
  return afterJobs(after, (before) => begin(name, work, keepsFailure || before === "failed"));
}

/**
 * Goes on when no job of some names runs: at once, or when they are over. Who has waited lets newer jobs
 * go first, too, and is given up with the job that it waits for where the person stops that.
 * @param {string[]} names
 * @param {(before: Outcome | null) => Promise<boolean>} goOn gets how the last ended that was waited for
 * @param {(name: string, outcome: Outcome) => boolean} givesUp whether another end of a job than that the
 *   person stops it gives up what waits
 * @returns {Promise<boolean>} what `goOn` says, or false
 */
export async function afterJobs(names, goOn, givesUp = () => false) {
  /** @type {Outcome | null} */
  let before = null;
  while (state.job && (before || names.includes(state.job.name))) {
    const { name } = state.job;
    before = await ended;
    if (before === "stopped" || givesUp(name, before)) return false;
  }
  return goOn(before);
}

/** Begins a job. */
async function begin(name, work, /** @type {boolean} */ keepsFailure) {
  running?.abort();
  const controller = new AbortController();
  running = controller;
  /** @type {(outcome: Outcome) => void} */
  let end = () => {};
  ended = new Promise((resolve) => (end = resolve));
  const job = new Job(name, controller.signal);
  job.say(name);
  update({ computing: null, ...(keepsFailure ? {} : { failure: null }) });
  announce(name);
  /** @type {Outcome} */
  let outcome = "done";
  try {
    await work(job);
  } catch (error) {
    const stopped = error instanceof ServerFailure && error.failure.kind === "stopped";
    outcome = stopped ? "stopped" : "failed";
    if (!stopped) tellFailure(error);
    else if (running === controller) announce("stopped");
  } finally {
    if (running === controller) {
      running = null;
      update({ job: null, computing: null });
    } else outcome = "superseded";
    end(outcome);
  }
  return outcome === "done";
}

/** Stops the job that runs. Returns whether there was one. */
export function stop() {
  running?.abort();
  return running !== null;
}

export class Job {
  constructor(/** @type {string} */ name, /** @type {AbortSignal} */ signal) {
    this.name = name;
    this.signal = signal;
  }

  /** Shows what is being done. */
  say(text, values = {}, /** @type {number | null} */ share = null) {
    if (!this.signal.aborted) update({ job: { name: this.name, text, values, share } });
  }

  /** Ends a job here that was stopped meanwhile. */
  check() {
    if (this.signal.aborted) this.giveUp();
  }

  /** Ends a job here that the person does not want. */
  giveUp() {
    throw new ServerFailure({ kind: "stopped" });
  }

  /** The name of what is done changes. */
  becomes(/** @type {string} */ name) {
    this.name = name;
    this.say(name);
  }

  /**
   * Sends a request until it is answered, however often the server is away or busy.
   * @param {string} path
   * @param {Record<string, string>} query
   * @param {Record<string, Blob | File | string>} fields
   * @param {Record<string, string>} called a field → the text of what its file is to the person, where that
   *   is something else
   * @returns {Promise<{file: Blob, notes: string[]}>}
   * @throws {ServerFailure | Problem} it is refused for good, or stopped; or its answers do not arrive
   */
  async request(path, query, fields, called = {}) {
    let lost = 0;
    for (const borne = {}; ; ) {
      const id = newRequestId();
      const answered = new AbortController();
      const watched = this.#watch(id, answered.signal);
      try {
        return await send(path, { ...query, request: id }, fields, this.signal);
      } catch (error) {
        if (!(error instanceof ServerFailure)) throw error;
        const { failure } = error;
        if (failure.kind === "refused") failure.called = called;
        answered.abort();
        if (failure.kind === "gone") {
          lost = (await this.#untilBack()) ? lost + 1 : 0;
          if (lost > (failure.timedOut ? TIMED_OUT_ANSWERS : LOST_ANSWERS)) throw new Problem("answer_lost");
        } else if (failure.kind === "refused" && failure.code in PASSING) {
          lost = 0;
          borne[failure.code] = (borne[failure.code] ?? 0) + 1;
          if (borne[failure.code] > PASSING[failure.code]) throw error;
          await this.#wait(WHILE_IT_PASSES[failure.code], failure.after ?? SECONDS_IF_BUSY);
        } else throw error;
      } finally {
        answered.abort();
        await watched;
      }
    }
  }

  /** Gets a file that comes with the program, however often the server is away. */
  async shipped(/** @type {string} */ name) {
    for (;;) {
      try {
        return await fetchShipped(name, this.signal);
      } catch (error) {
        if (!(error instanceof ServerFailure) || error.failure.kind !== "gone") throw error;
        await this.#untilBack();
      }
    }
  }

  async #wait(/** @type {string} */ text, /** @type {number} */ seconds) {
    for (let left = seconds; left > 0; left--) {
      this.say(text, { seconds: left });
      await pause(Math.min(1, left), this.signal);
    }
    this.say(this.name);
  }

  /** Waits until the server is there. Returns whether it answers the first time that it is asked. */
  async #untilBack() {
    this.say("server_gone");
    announce("server_gone");
    for (let isFirst = true; ; isFirst = false) {
      await pause(SECONDS_UNTIL_NEXT_TRY, this.signal);
      try {
        await ask("/api/status", this.signal);
        announce("server_back");
        this.say(this.name);
        return isFirst;
      } catch (error) {
        if (this.signal.aborted) throw error;
      }
    }
  }

  /** Asks how far it is until it is answered. */
  async #watch(/** @type {string} */ id, /** @type {AbortSignal} */ answered) {
    try {
      for (;;) {
        await pause(SECONDS_BETWEEN_LOOKS, answered);
        const seen = await ask(`/api/requests/${id}`, answered).catch(() => null);
        if (seen && !answered.aborted) this.#show(seen);
      }
    } catch {
      // it is answered
    }
  }

  #show(seen) {
    if (seen.state === "waiting" && seen.place > 0) {
      this.say("place_in_line", { count: seen.place });
      return;
    }
    const share = seen.of > 1 ? seen.done / seen.of : null;
    const values = { done: Math.min(seen.done + 1, seen.of), of: seen.of };
    const known = ["reading", "loading", "network", "colours", "cutout", "writing"];
    if (!known.includes(seen.step) || (seen.step === "network" && share === null)) this.say(this.name);
    else this.say(`step_${seen.step}`, values, share);
  }
}

/** Asks until the server says what it is: its limits, and the kinds that it reads. */
export async function watchServer() {
  for (;;) {
    try {
      update({ server: await ask("/api/status") });
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, SECONDS_UNTIL_NEXT_TRY * 1000));
    }
  }
}
