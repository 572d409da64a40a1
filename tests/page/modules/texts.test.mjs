import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { english } from "../../../dim_tf/page/static/texts.en.js";
import { chinese } from "../../../dim_tf/page/static/texts.zh.js";

const STATIC = new URL("../../../dim_tf/page/static/", import.meta.url);
const read = (name) => readFileSync(new URL(name, STATIC), "utf8");
const placesOf = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

test("both languages have the same texts, with the same places to fill in", () => {
  assert.deepEqual(Object.keys(chinese), Object.keys(english));
  for (const key of Object.keys(english)) {
    assert.deepEqual(placesOf(chinese[key]), placesOf(english[key]), key);
    assert.ok(english[key].trim() && chinese[key].trim(), key);
  }
});

test("every text that the page asks for is there, and every text is asked for", () => {
  const page = read("index.html");
  const code = readdirSync(STATIC)
    .filter((name) => name.endsWith(".js") && !/^texts\.(en|zh)/.test(name))
    .map(read)
    .join("\n");
  const asked = [...page.matchAll(/data-(?:text|label)="(\w+)"/g)].map(([, key]) => key);
  asked.push(...[...code.matchAll(/\b(?:say|announce)\(\s*"(\w+)"/g)].map(([, key]) => key));
  for (const key of asked) assert.ok(key in english, `no text ${key}`);
  const mentioned = new Set([...asked, ...[...code.matchAll(/"(\w+)"/g)].map(([, key]) => key)]);
  const composed = /^(step|job|code|advice)_|_advice$/; // put together from what the server answers
  const unused = Object.keys(english).filter((key) => !mentioned.has(key) && !composed.test(key));
  assert.deepEqual(unused, []);
});

test("the page's words stand in the texts alone", () => {
  const body = read("index.html").replace(/<(script|noscript|option lang)[^]*?<\/\1>/g, "");
  const words = [...body.matchAll(/>([^<>]*[A-Za-z]{3,}[^<>]*)</g)].map(([, text]) => text.trim());
  assert.deepEqual(words, ["dim_tf", "dim_tf", "English"]);
});
