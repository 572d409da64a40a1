import cv2
import numpy as np
import pytest
from scipy import ndimage

from dim_tf.trimaps.rough_mask import trimap_from_rough_mask


def disc(side, radius, centre=None):
    """[side, side] uint8, 255 inside."""
    y, x = np.ogrid[:side, :side]
    row, column = centre or (side / 2, side / 2)
    return np.where(np.hypot(y - row, x - column) < radius, np.uint8(255), np.uint8(0))


def band_width(trimap):
    """How many pixels of the middle row are unknown at the object's left edge."""
    row = trimap[len(trimap) // 2]
    unknown = np.flatnonzero(row == 128)
    return np.flatnonzero(np.diff(unknown) > 1)[0] + 1


@pytest.mark.parametrize("side", [200, 400, 800])
def test_the_band_grows_with_the_object(side):
    band = band_width(trimap_from_rough_mask(disc(side, side / 4)))
    radius = 0.025 * np.sqrt(np.pi) * side / 4
    assert band == pytest.approx(2 * max(radius, 3), rel=0.15, abs=1.5)


def test_every_object_has_a_band_of_its_own():
    mask = disc(800, 250, (300, 300)) | disc(800, 20, (700, 700))
    trimap = trimap_from_rough_mask(mask)
    far = ndimage.distance_transform_edt(mask == 0)
    lower_right = np.zeros(mask.shape, bool)
    lower_right[650:, 650:] = True
    assert far[(trimap == 128) & lower_right].max() <= 4
    assert 9 < far[(trimap == 128) & ~lower_right].max() < 14
    assert (trimap[lower_right] == 255).any()


@pytest.mark.parametrize("mode", ["dilate_erode", "dilate"])
def test_known_pixels_agree_with_the_mask_and_are_far_from_its_other_side(mode):
    random = np.random.default_rng(1)
    smooth = ndimage.gaussian_filter(random.normal(size=(150, 180)), 9)
    mask = np.where(smooth > 0, np.uint8(255), np.uint8(0))
    trimap = trimap_from_rough_mask(mask, mode)
    assert set(np.unique(trimap)) == {0, 128, 255}
    assert (mask[trimap == 0] == 0).all() and (mask[trimap == 255] == 255).all()
    assert ndimage.distance_transform_edt(mask == 0)[trimap == 0].min() > 3
    if mode == "dilate":
        assert (trimap[mask == 255] == 255).all()
    else:
        assert ndimage.distance_transform_edt(mask == 255)[trimap == 255].min() > 3


def test_thin_parts_never_become_background():
    mask = disc(600, 150)
    mask[298:301] = 255  # a wire across, 3 pixels thick
    mask[100:250, 300] = 255  # and one of a single pixel
    trimap = trimap_from_rough_mask(mask)
    assert (trimap[mask == 255] != 0).all()
    wire = trimap[299, 5:100]
    assert (wire == 128).all()


def band_radius(area):
    return 3 * 1.25 ** round(np.log(0.025 * np.sqrt(area) / 3) / np.log(1.25))


@pytest.mark.parametrize("thickness", [5, 9, 13, 15, 17, 21, 25, 27, 29, 31, 33, 37, 45])
@pytest.mark.parametrize("what", ["tube", "gap"])
def test_a_thin_part_or_gap_keeps_its_middle(what, thickness):
    mask = disc(1000, 300)
    if what == "tube":
        mask[490 : 490 + thickness] = 255
    else:
        mask[490 : 490 + thickness, 250:750] = 0
    radius = band_radius((mask > 0).sum())
    assert 11 < radius < 15
    column = 60 if what == "tube" else 500
    across = trimap_from_rough_mask(mask)[490 : 490 + thickness, column]
    depth = np.minimum(np.arange(thickness) + 1, thickness - np.arange(thickness))
    half = depth.max()
    middle = (half >= radius / 2) & (depth > 0.8 * half) & (depth > 3)
    known = 255 if what == "tube" else 0
    expected = np.where((depth > radius) | middle, known, 128)
    np.testing.assert_array_equal(across, expected)


def test_a_thin_part_is_told_by_the_band_of_its_own_object():
    mask = disc(1000, 300, (350, 350)) | disc(1000, 135, (830, 830))
    mask[825:834, 100:800] = 255  # thin for the large object, not for the one that it belongs to
    trimap = trimap_from_rough_mask(mask)
    assert (trimap[829, 120:650] == 255).all()


def test_between_two_objects_the_wider_band_counts():
    mask = np.zeros((700, 900), np.uint8)
    mask[100:600, 100:600] = 255  # a band of 11 pixels
    mask[200:434, 610:844] = 255  # of 6 pixels
    assert (trimap_from_rough_mask(mask)[220:414, 600:610] == 128).all()


def test_a_stump_on_a_thick_part_has_no_middle():
    mask = disc(1000, 300)
    mask[490:511, 190:210] = 255  # as thick as a tube that keeps its middle
    assert (trimap_from_rough_mask(mask)[490:511, 190:203] == 128).all()


def test_beside_the_photos_border_nothing_counts_as_thin():
    mask = np.zeros((700, 700), np.uint8)
    mask[10:510, 10:510] = 255
    assert (trimap_from_rough_mask(mask)[20:500, :10] == 128).all()
    assert (trimap_from_rough_mask(255 - mask)[20:500, :10] == 128).all()


def test_of_a_coarse_mask_nothing_near_its_edge_is_known():
    mask = disc(1000, 300)
    mask[100:121, 0:500] = 255
    mask[120:250, 480:500] = 255
    trimap = trimap_from_rough_mask(mask, at_least=11)
    depth = ndimage.distance_transform_edt(mask == 255)
    assert depth[trimap == 255].min() > 11 and (trimap[100:121, 50:450] == 128).all()


@pytest.mark.parametrize("corners", [3, 4, 6, 90])
def test_a_thick_part_keeps_its_whole_band(corners):
    turn = 2 * np.pi * (np.arange(corners) + 0.3) / corners
    outline = np.stack([400 + 300 * np.cos(turn), 400 + 300 * np.sin(turn)], axis=1)
    mask = cv2.fillPoly(np.zeros((800, 800), np.uint8), [outline.astype(np.int32)], 255)
    trimap = trimap_from_rough_mask(mask)
    known = ndimage.distance_transform_edt(mask == 255)[trimap == 255].min()
    reach = ndimage.distance_transform_edt(mask == 0)[trimap == 128].max()
    assert known == pytest.approx(reach, abs=1.5) and known > 7


@pytest.mark.parametrize("thickness", [1, 2, 5])
def test_an_object_that_is_thin_all_over_keeps_some_foreground(thickness):
    mask = np.zeros((300, 300), np.uint8)
    mask[100 : 100 + thickness, 20:280] = 255
    mask[20:280, 150 : 150 + thickness] = 255
    trimap = trimap_from_rough_mask(mask)
    assert set(np.unique(trimap)) == {0, 128, 255}
    assert (trimap[mask == 255] != 0).all()


def test_a_hole_wider_than_the_band_keeps_a_core_of_background_and_a_narrow_one_is_unknown():
    mask = disc(600, 250)
    wide, narrow = disc(600, 30, (300, 200)) > 0, disc(600, 4, (300, 400)) > 0
    mask[wide | narrow] = 0
    trimap = trimap_from_rough_mask(mask)
    assert trimap[300, 200] == 0
    assert 0 < (trimap[wide] == 0).mean() < 1
    assert (trimap[narrow] == 128).all()


def test_soft_pixels_are_unknown():
    matte = np.tile(np.linspace(0, 255, 200).round().astype(np.uint8), (50, 1))
    matte[:, :60], matte[:, 150:] = 0, 255
    trimap = trimap_from_rough_mask(matte)
    assert (trimap[(matte > 0) & (matte < 255)] == 128).all()
    assert (trimap == 0).any() and (trimap == 255).any()


@pytest.mark.parametrize("what", ["tube", "gap"])
def test_a_soft_line_divides_a_thin_part_or_gap(what):
    mask = disc(1000, 300)
    columns = slice(0, 210) if what == "tube" else slice(250, 750)
    mask[490:515, columns] = known = 255 if what == "tube" else 0
    inner = np.s_[490:515, columns.start + 30 : columns.stop - 80]
    assert (trimap_from_rough_mask(mask)[inner][12] == known).all()
    mask[502, columns] = 90
    assert (trimap_from_rough_mask(mask)[inner] == 128).all()


def test_the_photos_border_is_no_edge_of_the_object():
    mask = np.zeros((100, 100), np.uint8)
    mask[50:] = 255
    trimap = trimap_from_rough_mask(mask)
    assert (trimap[-1] == 255).all()
    assert (trimap[60:, 0] == 255).all()


def test_the_band_can_be_made_wider_for_coarse_masks():
    mask = disc(200, 50)
    assert band_width(trimap_from_rough_mask(mask, at_least=8)) == pytest.approx(16, abs=1.5)
