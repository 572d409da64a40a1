import assert from "node:assert/strict";
import { test } from "node:test";
import { tellFailure } from "../../../dim_tf/page/static/failures.js";
import { ServerFailure } from "../../../dim_tf/page/static/server.js";
import { state } from "../../../dim_tf/page/static/state.js";

function toldInChinese(error, advice, code = "unusable") {
  const kind = /** @type {const} */ ("refused");
  tellFailure(new ServerFailure({ kind, status: 422, code, error, advice, after: null }));
  state.language = "zh";
  const { sentence, advice: whatToDo, server } = state.failure;
  return [sentence(), whatToDo(), server()];
}

test("what is known of the server is told in Chinese, and nothing in English", () => {
  const told = toldInChinese("The mask has no label 7.", "It has 1 (20.0%) and 2 (5.0%).");
  assert.deepEqual(told, ["mask 里没有标签“7”。", "里面的标签是 1 (20.0%) 和 2 (5.0%)。", ""]);
});

test("what is not known is told in general, and as the server said it", () => {
  const told = toldInChinese("The mask is upside down.", "Give another picture.");
  assert.deepEqual(told, [
    "这张图片不能直接使用。",
    "请换一张图片。",
    "The mask is upside down. Give another picture.",
  ]);
  const [, advice, server] = toldInChinese("The mask has no label 7.", "Stand on your head.");
  assert.equal(advice, "请看服务器的说明，修正图片或者换一张。");
  assert.equal(server, "The mask has no label 7. Stand on your head.");
});

test("what the page has a text of its own for is not said in English as well", () => {
  const told = toldInChinese("This took longer than the page allows.", "Give a smaller photo.", "too_long");
  assert.deepEqual(told, [
    "计算时间超过了服务器的上限。",
    "请换一张小一些的照片，或者再试一次。",
    "",
  ]);
});

test("it follows the language that is chosen", () => {
  toldInChinese("The mask has no label 7.", "It has 1 and 2.");
  state.language = "en";
  assert.equal(state.failure.sentence(), "The mask has no label 7.");
  assert.equal(state.failure.server(), "");
});
