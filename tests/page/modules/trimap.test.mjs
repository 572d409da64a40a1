import assert from "node:assert/strict";
import { test } from "node:test";
import { History, applyRuns, runsBetween } from "../../../dim_tf/page/static/history.js";
import { settle } from "../../../dim_tf/page/static/rasteriser.js";
import { ERASE, Trimap, isTrimap } from "../../../dim_tf/page/static/trimap.js";
import { VALUES } from "../../../dim_tf/page/static/values.js";
import { seeded } from "./random.mjs";

const [WIDTH, HEIGHT] = [61, 47];

/** One step of a kind drawn at random, as a person would make it. */
function randomStep(trimap, random) {
  const value = random.of([...VALUES, ERASE]);
  const kind = random.below(10);
  if (kind === 0) trimap.fill(random.below(WIDTH), random.below(HEIGHT), random.of(VALUES));
  else if (kind === 1) {
    const box = { x: random.below(WIDTH), y: random.below(HEIGHT), width: 20, height: 9 };
    trimap.paintRectangle(box, value);
  } else if (kind === 2) {
    const values = Uint8Array.from({ length: WIDTH * HEIGHT }, () => random.of(VALUES));
    trimap.replace(values, random.below(2) === 0);
    return;
  } else {
    const size = 1 + random.below(30);
    let [x, y] = [settle(random.next() * WIDTH, size), settle(random.next() * HEIGHT, size)];
    for (let points = random.below(6); points >= 0; points--) {
      const toX = settle(random.next() * (WIDTH + 20) - 10, size);
      const toY = settle(random.next() * (HEIGHT + 20) - 10, size);
      trimap.paint(x, y, toX, toY, size, value);
      [x, y] = [toX, toY];
    }
  }
  trimap.finish();
}

test("undo and redo bring back every byte, in any order; the three values are all there is", () => {
  for (let seed = 0; seed < 12; seed++) {
    const random = seeded(seed);
    const trimap = new Trimap(WIDTH, HEIGHT, random.of(VALUES));
    const now = () => ({
      values: trimap.values.slice(),
      start: trimap.start.slice(),
      revision: trimap.revision,
    });
    const seen = [now()];
    let at = 0;
    for (let turn = 0; turn < 120; turn++) {
      const choice = random.below(4);
      if (choice === 0 && at > 0) {
        assert.equal(trimap.undo(), true);
        at--;
      } else if (choice === 1 && at < seen.length - 1) {
        assert.equal(trimap.redo(), true);
        at++;
      } else {
        const steps = trimap.history.past.length;
        randomStep(trimap, random);
        if (trimap.history.past.length > steps) {
          seen.length = ++at;
          seen.push(now());
        }
      }
      assert.equal(trimap.revision, seen[at].revision);
      assert.deepEqual(trimap.values, seen[at].values);
      assert.deepEqual(trimap.settled, seen[at].values);
      assert.deepEqual(trimap.start, seen[at].start);
      assert.ok(isTrimap(trimap.values));
    }
    while (trimap.undo()) at--;
    assert.deepEqual([at, trimap.values], [0, seen[0].values]);
  }
});

test("an open stroke is closed by undo, and taken back as one", () => {
  const trimap = new Trimap(WIDTH, HEIGHT);
  for (let x = 5; x < 50; x += 5) trimap.paint(x, 21, x + 5, 21, 7, 255);
  assert.equal(trimap.undo(), true);
  assert.deepEqual(trimap.count(), { background: WIDTH * HEIGHT, unknown: 0, foreground: 0 });
  assert.equal(trimap.undo(), false);
  assert.equal(trimap.redo(), true);
  assert.ok(trimap.count().foreground > 100);
});

test("painting what is there already is no step, and a new step forgets what was taken back", () => {
  const trimap = new Trimap(WIDTH, HEIGHT);
  trimap.paint(21, 21, 31, 31, 5, 0);
  assert.equal(trimap.finish(), false);
  trimap.replace(trimap.values.slice(), true);
  assert.equal(trimap.revision, 0); // nor another trimap
  trimap.paint(21, 21, 31, 31, 5, 255);
  assert.equal(trimap.finish(), true);
  trimap.undo();
  trimap.paint(51, 21, 51, 31, 5, 128);
  trimap.finish();
  assert.equal(trimap.redo(), false);
});

test("the eraser brings back what was there before painting began", () => {
  const random = seeded(5);
  const values = Uint8Array.from({ length: WIDTH * HEIGHT }, () => random.of(VALUES));
  const trimap = new Trimap(WIDTH, HEIGHT);
  trimap.replace(values, true);
  trimap.paint(30, 30, 60, 60, 20, 255);
  trimap.paint(0, 0, 4 * WIDTH, 4 * HEIGHT, 400, ERASE);
  assert.deepEqual(trimap.values, values);
  trimap.finish();
  trimap.undo();
  trimap.paint(0, 0, 4 * WIDTH, 4 * HEIGHT, 400, ERASE);
  assert.deepEqual(trimap.count(), { background: WIDTH * HEIGHT, unknown: 0, foreground: 0 });
});

test("what is to be drawn again covers what has changed", () => {
  const trimap = new Trimap(WIDTH, HEIGHT);
  const random = seeded(6);
  for (let round = 0; round < 100; round++) {
    const before = trimap.values.slice();
    if (random.below(3) === 0) trimap.undo();
    else randomStep(trimap, random);
    const box = trimap.takeChanged();
    trimap.values.forEach((value, at) => {
      if (value === before[at]) return;
      const [x, y] = [at % WIDTH, Math.floor(at / WIDTH)];
      assert.ok(box.left <= x && x < box.right && box.top <= y && y < box.bottom);
    });
  }
});

test("a step that is taken back leaves the revision as it was, and its number is not used again", () => {
  const trimap = new Trimap(WIDTH, HEIGHT);
  trimap.paint(3, 3, 9, 9, 5, 255);
  const begun = trimap.revision;
  trimap.cancel();
  assert.equal(trimap.revision, 0);
  trimap.paint(3, 3, 9, 9, 5, 128);
  assert.ok(trimap.revision > begun);
});

test("what is taken back was not painted, and what is brought again was", () => {
  const trimap = new Trimap(WIDTH, HEIGHT);
  const stroke = (y, value) => trimap.paint(9, y, 41, y, 7, value);
  const painted = () => trimap.painted.slice();
  stroke(11, 255);
  trimap.cancel();
  assert.deepEqual(painted(), new Uint8Array(WIDTH * HEIGHT));
  const seen = [painted()];
  for (const [y, value] of [[21, 255], [23, 128], [81, 0], [27, 255], [25, ERASE]]) {
    stroke(y, value);
    if (!trimap.finish()) seen.pop(); // it painted what was there: painted, and no step
    seen.push(painted());
    trimap.nextPainting();
  }
  assert.equal(seen.length, 5);
  assert.deepEqual(new Set(seen[4]), new Set([0, 1, 2, 3, 4, 5]));
  for (let turn = 0; turn < 2; turn++) {
    for (const one of seen.slice(2, 4).reverse()) {
      assert.equal(trimap.undo(), true);
      assert.deepEqual(painted(), one);
    }
    for (const one of seen.slice(3)) {
      assert.equal(trimap.redo(), true);
      assert.deepEqual(painted(), one);
    }
  }
  while (trimap.painting !== 1) trimap.nextPainting(); // there are 255 numbers
  while (trimap.undo());
  assert.deepEqual(painted(), new Uint8Array(WIDTH * HEIGHT));
});

test("what was painted since is told though its numbers begin anew", () => {
  const trimap = new Trimap(WIDTH, HEIGHT);
  const middles = () => [5, 21, 37].map((row) => row * WIDTH + 25);
  const paint = (row) => trimap.paint(40, 2 * row + 1, 60, 2 * row + 1, 3, 0);
  for (let turn = 0; turn < 600; turn++) {
    paint(5);
    const since = trimap.nextPainting();
    const told = () => middles().map((at) => trimap.isPaintedSince(since, at));
    assert.deepEqual(told(), [false, false, false]);
    paint(21);
    assert.deepEqual(told(), [false, true, false]);
    if (turn % 100 === 0) {
      for (let more = 0; more < 300; more++) trimap.nextPainting();
      paint(37);
      assert.equal(trimap.isPaintedSince(since, middles()[2]), true);
      trimap.nextPainting();
    }
  }
});

test("no other value comes in", () => {
  const trimap = new Trimap(WIDTH, HEIGHT);
  assert.throws(() => trimap.paint(3, 3, 9, 9, 5, 127), RangeError);
  assert.throws(() => trimap.replace(new Uint8Array(WIDTH * HEIGHT).fill(7), true), RangeError);
  assert.throws(() => trimap.replace(new Uint8Array(3), true), RangeError);
  assert.ok(isTrimap(trimap.values));
});

test("runs take some bytes for a stroke, and two for each pixel at the very most", () => {
  const trimap = new Trimap(4000, 3000);
  trimap.paint(1001, 1001, 5001, 4001, 101, 255);
  trimap.finish();
  assert.ok(trimap.history.bytes < 20_000, `${trimap.history.bytes} bytes`);
  const random = seeded(7);
  const noise = () => Uint8Array.from({ length: 20_000 }, () => random.of(VALUES));
  const [before, after] = [noise(), noise()];
  const runs = runsBetween(before, after);
  assert.ok(runs.length <= 2 * before.length);
  const back = after.slice();
  applyRuns(back, runs, true);
  assert.deepEqual(back, before);
});

test("fifty steps are kept whatever they take; beyond that, memory is bounded", () => {
  const history = new History(1000);
  for (let step = 0; step < 60; step++) history.add({ bytes: 500, step });
  assert.equal(history.past.length, 50);
  assert.equal(history.past[0].step, 10);
  assert.equal(history.bytes, 25_000);
  for (let step = 0; step < 2000; step++) history.add({ bytes: 1, step });
  assert.ok(history.past.length >= 50 && history.past.length <= 500);
  assert.equal(history.bytes, history.past.length);
});
