import numpy as np
import pytest

from dim_tf.evaluation.sheets import draw_sheet

STRIP, GAP = 28, 8


def draw(height, width, rgb=True, trimap=True):
    random = np.random.default_rng(1)
    predicted, alpha, trimap_picture = random.integers(0, 256, (3, height, width), np.uint8)
    region = random.random((height, width)) > 0.5
    photo = random.integers(0, 256, (height, width, 3), np.uint8)
    pictures = photo if rgb else None, trimap_picture if trimap else None, predicted, alpha, region
    sheet = draw_sheet(predicted, alpha, region, pictures[1], pictures[0], "SAD 1.00, MSE 0.0100")
    return sheet, pictures


def test_each_picture_is_where_its_title_says():
    sheet, (photo, trimap, predicted, alpha, region) = draw(480, 600)
    assert sheet.shape == (3 * STRIP + 2 * 480, 3 * 600 + 2 * GAP, 3)
    assert sheet.dtype == np.uint8

    def cell(row, column):
        top, left = 2 * STRIP + row * (480 + STRIP), column * (600 + GAP)
        return sheet[top : top + 480, left : left + 600]

    np.testing.assert_array_equal(cell(0, 0), photo)
    for place, grey in (((0, 1), trimap), ((1, 0), predicted), ((1, 1), alpha)):
        np.testing.assert_array_equal(cell(*place), np.repeat(grey[..., None], 3, 2))
    error = np.abs(predicted.astype(int) - alpha) * region
    np.testing.assert_array_equal(cell(1, 2), np.repeat(error[..., None], 3, 2))
    assert (sheet[:STRIP] < 100).any()  # the caption
    assert (sheet[STRIP : 2 * STRIP, :600] < 100).any()  # a title


def test_what_is_not_given_is_left_out():
    assert draw(480, 600, rgb=False)[0].shape == draw(480, 600)[0].shape
    assert draw(480, 600, rgb=False, trimap=False)[0].shape[0] == 2 * STRIP + 480


@pytest.mark.parametrize("size", [(1, 1), (3000, 20), (1, 5000), (2000, 3000), (33, 41)])
def test_sheets_of_any_size_fit_a_screen(size):
    sheet, _ = draw(*size)
    assert sheet.shape[0] <= 1044
    assert sheet.shape[1] <= 1936
