"""Arrays of library callers become what pictures of files are, or a sentence."""

import warnings

import numpy as np
import pytest

import dim_tf
from dim_tf.pictures.arrays import grey_array, rgb_array
from dim_tf.pictures.levels import to_8_bits, to_16_bits
from dim_tf.pictures.writing import encode_png

MASK = np.zeros((60, 80), np.uint8)
MASK[15:45, 20:60] = 255
FORMS = {
    "uint8": MASK,
    "bool": MASK > 0,
    "float32": (MASK / 255).astype(np.float32),
    "float64": MASK / 255,
    "int64": MASK.astype(np.int64),
    "[H, W, 1]": MASK[..., None],
    "bool [H, W, 1]": MASK[..., None] > 0,
    "list": (MASK > 0).tolist(),
}


@pytest.mark.parametrize("form", FORMS)
def test_masks_of_every_form_give_one_trimap(form):
    expected = dim_tf.trimap_from_rough_mask(MASK)
    assert set(np.unique(expected)) == {0, 128, 255}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(dim_tf.trimap_from_rough_mask(FORMS[form]), expected)
        made = dim_tf.trimap_from_alpha(FORMS[form], 9)
    np.testing.assert_array_equal(made, dim_tf.trimap_from_alpha(MASK, 9))


@pytest.mark.parametrize("dtype", [np.uint8, np.int32])
def test_0_and_1_are_taken_as_0_and_255_and_warned_of(dtype):
    with pytest.warns(UserWarning, match="its values 0 and 1 are taken as 0 and 255"):
        made = dim_tf.trimap_from_rough_mask((MASK // 255).astype(dtype))
    np.testing.assert_array_equal(made, dim_tf.trimap_from_rough_mask(MASK))


@pytest.mark.parametrize(
    "values, sentence",
    [
        (np.zeros((4, 4, 3), np.uint8), r"shape \(4, 4, 3\); give \[H, W\] or \[H, W, 1\]"),
        (np.zeros(4), r"shape \(4,\)"),
        (np.zeros((0, 4)), r"shape \(0, 4\)"),
        (np.full((4, 4), 1.5), "values from 1.5 to 1.5; floats go from 0 to 1"),
        (np.full((4, 4), 255.0), "floats go from 0 to 1"),
        (np.full((4, 4), np.nan), "values that are not finite; floats go from 0 to 1"),
        (np.full((4, 4), 300), "values from 300 to 300; whole numbers go from 0 to 255"),
        (np.full((4, 4), -1), "whole numbers go from 0 to 255"),
        (np.full((4, 4), "x"), "dtype <U1; give bool, uint8, or floats from 0 to 1"),
        (np.zeros((4, 4), complex), "dtype complex128"),
    ],
)
def test_what_cannot_be_taken_is_a_sentence(values, sentence):
    for call in (
        dim_tf.trimap_from_rough_mask,
        lambda array: dim_tf.trimap_from_alpha(array, 3),
    ):
        with pytest.raises(dim_tf.InputError, match=sentence) as refusal:
            call(values)
        assert "\n" not in str(refusal.value)


def test_photos_of_every_form_give_one_matte(tiny_model):
    rgb = np.random.default_rng(1).integers(0, 256, (60, 80, 3), np.uint8)
    trimap = dim_tf.trimap_from_rough_mask(MASK)
    expected = tiny_model.predict_alpha(rgb, trimap)
    halves = np.select([trimap == 0, trimap == 255], [0.0, 1.0], 0.5)
    for photo, known in (
        (rgb.astype(np.uint16) * 257, trimap),
        (rgb.astype(">u2") * 257, trimap),
        (rgb / 255, halves),
        (rgb.astype(int), trimap[..., None]),
    ):
        np.testing.assert_array_equal(tiny_model.predict_alpha(photo, known), expected)
    grey = tiny_model.predict_alpha(rgb[..., 0], trimap)
    np.testing.assert_array_equal(
        grey, tiny_model.predict_alpha(np.repeat(rgb[..., :1], 3, axis=2), trimap)
    )
    for photo, known, sentence in (
        (np.dstack([rgb, trimap]), trimap, r"shape \(60, 80, 4\); give \[H, W, 3\], RGB"),
        (rgb[:30], trimap, "The photo is"),
        (rgb, MASK // 2, "the values 0 and 127; .* and of a mask trimap_from_rough_mask makes one"),
        (rgb / 2.0, trimap, "floats go from 0 to 1"),
    ):
        with pytest.raises(dim_tf.InputError, match=sentence):
            tiny_model.predict_alpha(photo, known)


def test_a_photo_of_uint16_with_numbers_of_8_bits_is_as_bright(tiny_model):
    rgb = np.random.default_rng(1).integers(0, 256, (60, 80, 3), np.uint8)
    trimap = dim_tf.trimap_from_rough_mask(MASK)
    with pytest.warns(UserWarning, match="16 bits and values up to 255 only, .* those of 8 bits"):
        matte = tiny_model.predict_alpha(rgb.astype(np.uint16), trimap)
    np.testing.assert_array_equal(matte, tiny_model.predict_alpha(rgb, trimap))


def test_what_resizing_leaves_beside_0_and_1_is_taken(tmp_path):
    mask = np.where(MASK > 0, np.float32(1.001), np.float32(-0.001))
    expected = dim_tf.trimap_from_rough_mask(MASK)
    np.testing.assert_array_equal(dim_tf.trimap_from_rough_mask(mask), expected)


def test_errors_of_mattes_of_every_form_are_the_same(tmp_path):
    alpha, trimap = MASK, dim_tf.trimap_from_rough_mask(MASK)
    predicted = np.where(MASK > 0, np.uint8(200), np.uint8(30))
    expected = dim_tf.matting_errors(predicted, alpha, trimap)
    halves = np.select([trimap == 0, trimap == 255], [0.0, 1.0], 0.5)
    given = predicted[..., None] / 255, alpha > 0, halves
    assert dim_tf.matting_errors(*given) == expected
    # A matte that is almost black is not taken for a mask of 0 and 1.
    with pytest.raises(dim_tf.InputError, match="predicted matte has the values 0 and 1 only"):
        dim_tf.matting_errors(alpha // 255, alpha, trimap)
    dark = dim_tf.matting_errors(alpha // 100, alpha, trimap)  # 0 and 2, of a network that fails
    with pytest.raises(dim_tf.InputError, match="true matte holds the labels 2"):
        dim_tf.matting_errors(alpha, alpha // 100, trimap)
    assert dark["SAD"] > 100 * dim_tf.matting_errors(alpha, alpha, trimap)["SAD"]
    with pytest.raises(dim_tf.InputError, match=r"The predicted matte has values from 0 to 2\.5"):
        dim_tf.matting_errors(alpha / 102, alpha, trimap)


def test_arrays_of_every_form_are_written(tmp_path):
    for form in FORMS:
        dim_tf.write_png(tmp_path / "mask.png", FORMS[form])
        np.testing.assert_array_equal(dim_tf.read_mask(tmp_path / "mask.png"), MASK)
    deep = np.arange(12, dtype=np.uint16).reshape(3, 4)
    assert encode_png(deep.astype(">u2")) == encode_png(deep)
    for values, sentence in (
        (np.zeros((4, 4, 2), np.uint8), r"shape \(4, 4, 2\); give \[H, W\], \[H, W, 3\] or"),
        (MASK * 255.0, "The picture has values from 0 to 65025; floats go from 0 to 1"),
    ):
        with pytest.raises(dim_tf.InputError, match=sentence):
            dim_tf.write_png(tmp_path / "other.png", values)
    assert not (tmp_path / "other.png").exists()


def test_depths_come_back():
    values = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(to_8_bits(to_16_bits(values)), values)
    assert to_16_bits(values)[-1] == 65_535
    assert grey_array(np.array([[0.5]]), "trimap") == 128
    assert rgb_array(np.full((1, 1), 65_535, np.uint16)).tolist() == [[[255] * 3]]
