import assert from "node:assert/strict";
import { test } from "node:test";
import { fitted, moved, onScreen, sample, showing, zoomed } from "../../../dim_tf/page/static/viewport.js";
import { VALUES } from "../../../dim_tf/page/static/values.js";
import { seeded } from "./random.mjs";

const PANE = { x: 0, y: 0, width: 320, height: 200 };

test("zooming keeps the place under the pointer, as far as the photo stays in sight", () => {
  const random = seeded(1);
  for (let round = 0; round < 500; round++) {
    const photo = { width: 1 + random.below(6000), height: 1 + random.below(6000) };
    const view = fitted(photo, PANE);
    const [x, y] = [PANE.width / 2, PANE.height / 2];
    const now = zoomed(view, 0.3 + 4 * random.next(), x, y, photo, PANE);
    assert.ok(now.scale > 0 && now.scale <= 64);
    assert.ok(Math.abs((x - now.x) / now.scale - (x - view.x) / view.scale) * now.scale < 1.01);
  }
});

test("a fitted photo lies within its pane and out of the corner that is taken", () => {
  const random = seeded(4);
  for (let round = 0; round < 500; round++) {
    const photo = { width: 1 + random.below(6000), height: 1 + random.below(6000) };
    const corner = { width: random.below(150), height: random.below(90) };
    const view = fitted(photo, PANE, corner);
    const [right, bottom] = [view.x + photo.width * view.scale, view.y + photo.height * view.scale];
    assert.ok(view.x >= 0 && view.y >= 0 && right < PANE.width + 0.51 && bottom < PANE.height + 0.51);
    assert.ok(right < PANE.width - corner.width + 0.51 || view.y >= corner.height);
    const free = fitted(photo, PANE);
    if (free.x + photo.width * free.scale <= PANE.width - corner.width) assert.deepEqual(view, free);
  }
});

test("the photo never leaves the window, however it is moved", () => {
  const random = seeded(2);
  const photo = { width: 1000, height: 700 };
  let view = fitted(photo, PANE);
  for (let round = 0; round < 1000; round++) {
    view = moved(view, random.next() * 4000 - 2000, random.next() * 4000 - 2000, photo, PANE);
    view = zoomed(view, 0.5 + random.next(), random.below(320), random.below(200), photo, PANE);
    const all = { left: 0, top: 0, right: photo.width, bottom: photo.height };
    const seen = onScreen(view, all, PANE);
    assert.ok(seen && seen.right - seen.left >= 47 && seen.bottom - seen.top >= 47);
    const [px, py] = [random.below(photo.width), random.below(photo.height)];
    const shown = showing(view, px, py, photo, PANE);
    const [x, y] = [px * shown.scale + shown.x, py * shown.scale + shown.y];
    assert.ok(x > 0 && x < PANE.width && y > 0 && y < PANE.height);
  }
});

test("a box of the trimap is drawn as the whole of it would be, pixel by pixel", () => {
  const random = seeded(3);
  const colours = new Uint32Array(256).map((_, value) => value + 1);
  for (let round = 0; round < 300; round++) {
    const [width, height] = [1 + random.below(90), 1 + random.below(90)];
    const values = Uint8Array.from({ length: width * height }, () => random.of(VALUES));
    const view = {
      scale: random.of([0.13, 0.5, 1, 1.7, 2, 9.3]),
      x: random.below(200) - 100,
      y: random.below(200) - 100,
    };
    const left = random.below(width);
    const top = random.below(height);
    const box = { left, top, right: left + 1 + random.below(20), bottom: top + 1 + random.below(20) };
    const place = onScreen(view, box, PANE);
    if (!place) continue;
    const wide = place.right - place.left;
    const pixels = new Uint32Array(wide * (place.bottom - place.top)).fill(99);
    sample(pixels, place, view, { values, width, height }, colours);
    for (let at = 0; at < pixels.length; at++) {
      const px = Math.floor((place.left + (at % wide) + 0.5 - view.x) / view.scale);
      const py = Math.floor((place.top + Math.floor(at / wide) + 0.5 - view.y) / view.scale);
      const inside = px >= 0 && py >= 0 && px < width && py < height;
      assert.equal(pixels[at], inside ? colours[values[py * width + px]] : 0);
    }
    // Every pixel of the box whose sample lies on the screen is drawn.
    for (let x = 0; x < PANE.width; x++) {
      const px = Math.floor((x + 0.5 - view.x) / view.scale);
      if (px >= box.left && px < box.right) assert.ok(place.left <= x && x < place.right);
    }
  }
});
