import dataclasses
import json
import shutil
import sys
import types

import numpy as np
import pytest

from dim_tf.commands.held_out import make
from dim_tf.commands.prepare import make_dataset
from dim_tf.config import HeldOutConfig, OfflineConfig, SyntheticConfig, with_values
from dim_tf.dataset.left_out import LIST_NAME
from dim_tf.dataset.manifest import read_manifest
from dim_tf.dataset.output_folder import settings_of
from dim_tf.dataset.procedural import synthetic_sources
from dim_tf.dataset.sources import split_photos
from dim_tf.evaluation import held_out
from dim_tf.evaluation.held_out import FOLDERS, render_composite, write_composites
from dim_tf.pictures.folders import list_images
from dim_tf.pictures.matte import read_grey
from dim_tf.pictures.photo import read_rgb
from dim_tf.pictures.picture import read_picture
from dim_tf.pictures.writing import write_png
from dim_tf.synthetic import DEFAULT_KINDS, render_texture
from dim_tf.system.errors import InputError

SIZE = 160


@pytest.fixture(scope="module")
def photos_dir(tmp_path_factory):
    """Twenty-three photographs, of which 4, 13 and 22 are held out."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(23):
        write_png(folder / f"{number:02d}.png", render_texture(number, (70 + 9 * number, 120)))
    return folder


@pytest.fixture(scope="module")
def composites(photos_dir, tmp_path_factory):
    folder = tmp_path_factory.mktemp("composites") / "held_out"
    write_composites(photos_dir, folder, count=12, size=SIZE)
    return folder


def test_every_ninth_photograph_is_held_out(photos_dir):
    training, left_out = split_photos(list_images(photos_dir)[::-1])
    assert [photo.stem for photo in left_out] == ["04", "13", "22"]
    assert sorted(training + left_out) == list_images(photos_dir)
    assert not set(training) & set(left_out)


def test_the_dataset_does_without_what_is_held_out(photos_dir):
    config = SyntheticConfig(synthetic=60, photos_dir=str(photos_dir), hold_out=True)
    training, left_out = split_photos(list_images(photos_dir))
    sources = synthetic_sources(config, 1)
    assert [background.file for background in sources.backgrounds] == training
    assert {foreground.colour_photo for foreground in sources.foregrounds} <= set(training)
    everything = synthetic_sources(SyntheticConfig(60, photos_dir=str(photos_dir)), 1)
    assert {background.file for background in everything.backgrounds} >= set(left_out)


def backgrounds_of(photos_dir, bg_dir, **more):
    config = SyntheticConfig(synthetic=60, photos_dir=photos_dir and str(photos_dir), hold_out=True)
    sources = synthetic_sources(dataclasses.replace(config, **more), 1, str(bg_dir))
    colours = {foreground.colour_photo for foreground in sources.foregrounds} - {None}
    return [background.file for background in sources.backgrounds], colours


def test_backgrounds_are_held_out_of_their_own_folder_as_well(photos_dir, tmp_path):
    training, _ = split_photos(list_images(photos_dir))
    assert backgrounds_of(photos_dir, photos_dir)[0] == training
    assert backgrounds_of("", photos_dir)[0] == training
    assert backgrounds_of(photos_dir, photos_dir, hold_out=False)[0] == list_images(photos_dir)
    # Under other names every ninth is another one: neither these nor those are in the dataset.
    for photo in list_images(photos_dir):
        (tmp_path / f"{photo.stem[::-1]}.png").symlink_to(photo)
    backgrounds, colours = backgrounds_of(photos_dir, tmp_path)
    held_out = {photo.resolve() for photo in split_photos(list_images(tmp_path))[1]}
    held_out |= set(split_photos(list_images(photos_dir))[1])
    assert len(held_out) > 3
    assert not {photo.resolve() for photo in backgrounds} & held_out
    assert len(backgrounds) == 23 - len(held_out)
    assert colours and not colours & held_out


def test_the_layout_is_that_of_the_measuring_commands(composites):
    names = [f"{index:03d}_{kind}.png" for index, kind in enumerate(DEFAULT_KINDS)]
    for folder in FOLDERS:
        assert [path.name for path in list_images(composites / folder)] == names
    for name in names:
        trimap, dilated = (read_grey(composites / f / name) for f in ("trimap", "trimap_dilate"))
        alpha = read_grey(composites / "alpha" / name)
        assert read_rgb(composites / "rgb" / name).shape == (SIZE, SIZE, 3)
        assert set(np.unique(trimap)) == {0, 128, 255}
        assert (dilated == 128).any()
        # Nothing known is wrong; erosion only takes foreground away.
        for one in (trimap, dilated):
            assert (alpha[one == 255] == 255).all()
            assert (alpha[one == 0] == 0).all()
        np.testing.assert_array_equal(trimap == 0, dilated == 0)
        np.testing.assert_array_equal(dilated == 255, alpha == 255)
        assert (trimap == 255).sum() < (dilated == 255).sum()


def test_nothing_is_guessed_of_the_mattes_and_trimaps_that_are_written(composites):
    for folder in FOLDERS:
        for file in list_images(composites / folder):
            picture = read_picture(file)
            assert picture.is_own == (folder != "rgb")
            assert picture.has_shades == (folder == "alpha")


def test_a_composite_depends_on_seed_and_index_only(photos_dir, composites):
    _, left_out = split_photos(list_images(photos_dir))
    again = render_composite(left_out, 1, 11, SIZE)
    assert again.name == f"011_{DEFAULT_KINDS[11]}"
    for folder in FOLDERS:
        read = read_rgb if folder == "rgb" else read_grey
        np.testing.assert_array_equal(
            getattr(again, folder), read(composites / folder / f"{again.name}.png")
        )
    assert (render_composite(left_out, 2, 11, SIZE).alpha != again.alpha).any()


def test_a_composite_is_equation_1_of_held_out_photographs(tmp_path):
    """Photographs of one colour each: a composite can hold no colour but a mixture of two."""
    colours = np.random.default_rng(3).integers(0, 256, (23, 3), np.uint8)
    for number, colour in enumerate(colours):
        write_png(tmp_path / f"{number:02d}.png", np.full((50, 60, 3), colour, np.uint8))
    _, left_out = split_photos(list_images(tmp_path))
    composite = render_composite(left_out, 1, 0, SIZE)
    alpha = composite.alpha[..., None] / 255.0
    foreground = composite.rgb[composite.alpha == 255][0]
    background = composite.rgb[composite.alpha == 0][0]
    used = {tuple(foreground.tolist()), tuple(background.tolist())}
    assert len(used) == 2
    assert used <= {tuple(colours[number].tolist()) for number in (4, 13, 22)}
    expected = alpha * foreground + (1 - alpha) * background
    assert np.abs(expected - composite.rgb).max() <= 0.501


def test_only_what_is_missing_is_written(photos_dir, composites):
    assert write_composites(photos_dir, composites, count=12, size=SIZE) == 0
    lost = next((composites / "trimap").glob("003_*"))
    before = lost.read_bytes()
    lost.unlink()
    assert write_composites(photos_dir, composites, count=12, size=SIZE) == 1
    assert lost.read_bytes() == before


def test_what_cannot_be_used_is_said(photos_dir, composites, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="other settings or pictures"):
        write_composites(photos_dir, composites, count=13, size=SIZE)
    for number in range(13):
        write_png(tmp_path / "few" / f"{number:02d}.png", np.zeros((40, 40, 3), np.uint8))
    with pytest.raises(InputError, match="13 pictures, of which 1 are held out"):
        write_composites(tmp_path / "few", tmp_path / "new", count=13, size=SIZE)
    assert not (tmp_path / "new").exists()
    with pytest.raises(InputError, match=r"holds files but no held_out_settings\.json"):
        write_composites(photos_dir, tmp_path / "few", count=13, size=SIZE)
    monkeypatch.setattr(held_out.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install pymatting"):
        make(HeldOutConfig(str(photos_dir), str(tmp_path / "new"), closed_form="cf"))
    assert not (tmp_path / "new").exists()
    with pytest.raises(InputError, match="--out_dir is missing"):
        make(HeldOutConfig(str(photos_dir)))


def test_closed_form_mattes_lie_beside_the_composites(
    composites, photos_dir, tmp_path, monkeypatch
):
    """pymatting itself is tried in test_closed_form.py; here it copies the trimap."""
    copying = types.SimpleNamespace(estimate_alpha_cf=lambda rgb, trimap: 1.2 * trimap - 0.1)
    monkeypatch.setitem(sys.modules, "pymatting", copying)
    monkeypatch.setattr(held_out.importlib.util, "find_spec", lambda name: True)
    mattes = tmp_path / "mattes"
    assert held_out.write_closed_form(composites, mattes) == 12
    name = f"000_{DEFAULT_KINDS[0]}.png"
    trimap = read_grey(composites / "trimap" / name)
    expected = np.select([trimap == 0, trimap == 255], [0, 255], np.round(1.2 * 128 - 25.5))
    np.testing.assert_array_equal(read_grey(mattes / name), expected)
    assert held_out.write_closed_form(composites, mattes) == 0
    # Composites of another seed have the same names, but not the same mattes.
    write_composites(photos_dir, tmp_path / "others", count=12, size=SIZE, seed=2)
    with pytest.raises(InputError, match="other settings or pictures; give another --closed_form"):
        held_out.write_closed_form(tmp_path / "others", mattes)
    (mattes / held_out.SETTINGS_NAME).unlink()  # nobody knows of which they are
    with pytest.raises(InputError, match=r"holds files but no held_out_settings\.json"):
        held_out.write_closed_form(composites, mattes)


def test_holding_out_decides_what_a_dataset_is(tmp_path):
    with pytest.raises(InputError, match="--hold_out leaves photographs of --photos_dir and --bg"):
        make_dataset(
            with_values(OfflineConfig(), out_dir=str(tmp_path / "data"), synthetic=1, hold_out=True)
        )
    # A dataset older than the switch, whose settings lack it, goes on without it only.
    assert settings_of(1)["--hold_out="] == ""
    assert settings_of(1, SyntheticConfig(hold_out=True))["--hold_out="] == "True"


def test_what_a_dataset_was_made_with_is_not_held_out_afterwards(photos_dir, tmp_path):
    """Its folder of backgrounds may grow, but which every ninth is must not change by that."""
    photos, data = tmp_path / "photos", tmp_path / "data"
    shutil.copytree(photos_dir, photos)
    config = with_values(
        OfflineConfig(),
        **{"out_dir": str(data), "synthetic": 1, "bg_dir": str(photos), "hold_out": True},
        **{"backgrounds_per_foreground": 99, "workers": 1, "progress": False},
    )
    make_dataset(config)
    before = (data / LIST_NAME).read_bytes(), (data / "manifest.json").read_bytes()
    shutil.copy(photos / "00.png", photos / "000.png")
    with pytest.raises(
        InputError, match=r"03\.png is due to be held out, but .*data was made with"
    ):
        make_dataset(config)
    assert ((data / LIST_NAME).read_bytes(), (data / "manifest.json").read_bytes()) == before
    (photos / "000.png").rename(photos / "zz.png")
    make_dataset(config)
    assert "zz" in read_manifest(data).backgrounds


def test_of_what_is_held_out_another_picture_is_taken_where_one_is_damaged(
    photos_dir, tmp_path, capsys
):
    shutil.copytree(photos_dir, tmp_path / "photos")
    (tmp_path / "photos" / "13.png").write_bytes(b"no picture")
    assert write_composites(tmp_path / "photos", tmp_path / "out", count=6, size=SIZE) == 6
    assert "Refused, another picture is taken: " in capsys.readouterr().out
    whole = write_composites(photos_dir, tmp_path / "whole", count=6, size=SIZE)
    rgb = [list_images(tmp_path / name / "rgb") for name in ("out", "whole")]
    same = [one.read_bytes() == other.read_bytes() for one, other in zip(*rgb, strict=True)]
    assert 0 < sum(same) < whole  # those without the damaged one are what they were
    for photo in list_images(tmp_path / "photos"):
        photo.write_bytes(b"no picture")
    with pytest.raises(InputError, match="is not a picture that can be read"):
        write_composites(tmp_path / "photos", tmp_path / "none", count=1, size=SIZE)


def test_photographs_that_a_dataset_did_not_hold_out_are_refused(photos_dir, tmp_path):
    photos, data, out = tmp_path / "photos", tmp_path / "data", tmp_path / "out"
    shutil.copytree(photos_dir, photos)
    config = with_values(
        OfflineConfig(),
        **{"out_dir": str(data), "synthetic": 1, "photos_dir": str(photos), "hold_out": True},
        **{"backgrounds_per_foreground": 1, "workers": 1, "progress": False},
    )
    make_dataset(config)
    listed = {"photos_dir": ["04.png", "13.png", "22.png"]}
    assert json.loads((data / LIST_NAME).read_text()) == listed
    given = HeldOutConfig(str(photos), str(out), count=1, size=SIZE, data_dir=str(data))
    make(given)
    assert len(list_images(out / "rgb")) == 1
    shutil.copy(photos / "00.png", photos / "000.png")  # every ninth is another one now
    refused = dataclasses.replace(given, out_dir=str(tmp_path / "other"))
    with pytest.raises(InputError, match=r"03.png is not among the pictures that the dataset"):
        make(refused)
    assert not (tmp_path / "other").exists()
    (photos / "000.png").unlink()
    make(refused)
    # A dataset older than the list gets it from the command that made it.
    (data / LIST_NAME).unlink()
    with pytest.raises(InputError, match=r"held_out.json, .* is missing or damaged"):
        make(given)
    assert make_dataset(config).written == 0
    make(given)
