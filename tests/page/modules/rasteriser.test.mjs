import assert from "node:assert/strict";
import { test } from "node:test";
import { flood, rectangle, settle, stroke } from "../../../dim_tf/page/static/rasteriser.js";
import { seeded } from "./random.mjs";

const [WIDTH, HEIGHT] = [41, 33];

function painted(draw, width = WIDTH, height = HEIGHT) {
  const rows = new Set();
  const pixels = new Uint8Array(width * height);
  draw((y, from, to) => {
    assert.ok(0 <= y && y < height && 0 <= from && from < to && to <= width, "outside the picture");
    assert.ok(!rows.has(y), "a row twice");
    rows.add(y);
    pixels.fill(1, y * width + from, y * width + to);
  });
  return pixels;
}

/** Each pixel by itself: the square of its centre's distance to the way, as a fraction of integers. */
function slowly(ax, ay, bx, by, size, width = WIDTH, height = HEIGHT) {
  const [dx, dy, reach] = [BigInt(bx - ax), BigInt(by - ay), BigInt(size * size)];
  const squared = dx * dx + dy * dy;
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [px, py] = [BigInt(2 * x + 1 - ax), BigInt(2 * y + 1 - ay)];
      const along = px * dx + py * dy;
      const across = px * dy - py * dx;
      let inside;
      if (along <= 0n) inside = px * px + py * py <= reach;
      else if (along >= squared) inside = (px - dx) ** 2n + (py - dy) ** 2n <= reach;
      else inside = across * across <= reach * squared;
      pixels[y * width + x] = inside ? 1 : 0;
    }
  }
  return pixels;
}

test("a stroke is every pixel whose centre is near enough to the way, and no other", () => {
  const random = seeded(1);
  for (let round = 0; round < 1500; round++) {
    const size = random.of([1, 2, 3, 4, 5, 6, 9, 16, 31, 64]);
    const place = (side) => settle(random.next() * (side + 60) - 30, size);
    const [ax, ay] = [place(WIDTH), place(HEIGHT)];
    const [bx, by] = random.below(5) ? [place(WIDTH), place(HEIGHT)] : [ax, ay];
    const got = painted((span) => stroke(ax, ay, bx, by, size, WIDTH, HEIGHT, span));
    assert.deepEqual(got, slowly(ax, ay, bx, by, size), `${ax},${ay} ${bx},${by} size ${size}`);
  }
});

test("it stays exact on the longest ways and with the largest brush", () => {
  for (const [ax, ay, bx, by, size] of [
    [1, 1, 59_999, 59_997, 1],
    [-59_999, -3, 59_999, 35, 1],
    [-40_000, -50_002, 40_044, 50_000, 1000],
  ]) {
    const got = painted((span) => stroke(ax, ay, bx, by, size, WIDTH, HEIGHT, span));
    assert.deepEqual(got, slowly(ax, ay, bx, by, size));
  }
});

test("a brush of size 1 paints the pixel that is pointed at, and a line without a gap", () => {
  const random = seeded(2);
  for (let round = 0; round < 200; round++) {
    const at = [random.next() * WIDTH, random.next() * HEIGHT];
    const [x, y] = at.map((place) => settle(place, 1));
    const dab = painted((span) => stroke(x, y, x, y, 1, WIDTH, HEIGHT, span));
    assert.equal(dab.indexOf(1), Math.floor(at[1]) * WIDTH + Math.floor(at[0]));
    assert.equal(dab.reduce((sum, pixel) => sum + pixel), 1);
    const [toX, toY] = [settle(random.next() * WIDTH, 1), settle(random.next() * HEIGHT, 1)];
    const line = painted((span) => stroke(x, y, toX, toY, 1, WIDTH, HEIGHT, span));
    const steps = Math.max(Math.abs(toX - x), Math.abs(toY - y)) / 2;
    assert.ok(line.reduce((sum, pixel) => sum + pixel) >= steps + 1);
  }
});

test("sizes are the brush's width", () => {
  for (const size of [1, 2, 3, 4, 7, 10, 25]) {
    const centre = settle(20.3, size);
    const dab = painted((span) => stroke(centre, centre, centre, centre, size, WIDTH, HEIGHT, span));
    const middle = Math.floor(centre / 2) * WIDTH;
    assert.equal(
      dab.subarray(middle, middle + WIDTH).reduce((sum, pixel) => sum + pixel),
      size,
    );
  }
});

test("a rectangle is cut at the picture's edge", () => {
  const box = { x: -3, y: 30, width: 8, height: 9 };
  const got = painted((span) => rectangle(box, WIDTH, HEIGHT, span));
  got.forEach((pixel, at) => {
    const [x, y] = [at % WIDTH, Math.floor(at / WIDTH)];
    assert.equal(pixel, x < 5 && y >= 30 ? 1 : 0);
  });
  painted((span) => rectangle({ x: 50, y: 2, width: 4, height: 4 }, WIDTH, HEIGHT, span));
});

test("fill takes the region of one value and stops at others, also diagonally", () => {
  const random = seeded(3);
  for (let round = 0; round < 200; round++) {
    const values = Uint8Array.from({ length: WIDTH * HEIGHT }, () => random.of([0, 0, 128, 255]));
    const [x, y] = [random.below(WIDTH), random.below(HEIGHT)];
    const expected = values.slice();
    const value = values[y * WIDTH + x];
    const waiting = [[x, y]];
    while (waiting.length) {
      const [px, py] = waiting.pop();
      if (px < 0 || py < 0 || px >= WIDTH || py >= HEIGHT) continue;
      if (expected[py * WIDTH + px] !== value) continue;
      expected[py * WIDTH + px] = 7;
      waiting.push([px + 1, py], [px - 1, py], [px, py + 1], [px, py - 1]);
    }
    flood(values, WIDTH, HEIGHT, x, y, (row, from, to) =>
      values.fill(7, row * WIDTH + from, row * WIDTH + to),
    );
    assert.deepEqual(values, expected);
  }
});
