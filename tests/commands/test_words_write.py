import cv2
import numpy as np
import pytest

from dim_tf.commands.words.cutout import cut_out
from dim_tf.commands.words.measure import measure
from tests.commands.running import written_in


def test_a_cut_out_goes_beside_its_photo(tiny, pictures):
    tiny(cut_out, "--rgb=photos/a.png", "--alpha=masks/a.png", "--background=white")
    assert written_in(pictures / "photos") == ["a.png", "a_composite.png", "a_cutout.png", "b.png"]
    assert cv2.imread("photos/a_cutout.png", cv2.IMREAD_UNCHANGED).shape == (40, 50, 4)
    assert not (pictures / "alpha.png").exists()


@pytest.mark.parametrize("photos, masks", [("photos", "masks"), ("photos/*.png", "masks/*.png")])
def test_cut_outs_of_several_go_to_a_folder(tiny, pictures, photos, masks):
    tiny(cut_out, f"--rgb={photos}", f"--alpha={masks}")
    assert written_in(pictures / "cutouts") == ["a_cutout.png", "b_cutout.png"]
    tiny(cut_out, f"--rgb={photos}", f"--alpha={masks}", "--cutout=out", "--background=white")
    ends = ("composite", "cutout")
    assert written_in(pictures / "out") == [f"{name}_{end}.png" for name in "ab" for end in ends]
    assert not (pictures / "mattes").exists()


def test_a_cut_out_of_a_name_and_the_matte_if_it_has_one(tiny, pictures):
    flags = "--rgb=photo.png", "--alpha=mask.png", "--cutout=it.png", "--background=white"
    tiny(cut_out, *flags, "--output=matte.png")
    assert {"it.png", "it_composite.png", "matte.png"} <= {*written_in(pictures)}
    alpha = cv2.imread("it.png", cv2.IMREAD_UNCHANGED)[..., 3]
    np.testing.assert_array_equal(alpha, cv2.imread("matte.png", cv2.IMREAD_UNCHANGED))


def test_the_sample_is_cut_out(tiny, pictures):
    tiny(cut_out)
    assert "cutout.png" in written_in(pictures) and "alpha.png" not in written_in(pictures)


def test_measuring_writes_mattes_only_where_told(tiny, pictures):
    flags = "--rgb=photos", "--alpha=masks", "--gt=masks", "--region=whole"
    tiny(measure, *flags)
    assert (pictures / "report" / "metrics.csv").exists()
    assert not (pictures / "mattes").exists()
    tiny(measure, *flags, "--output=kept")
    assert sorted(path.name for path in (pictures / "kept").iterdir()) == ["a.png", "b.png"]
