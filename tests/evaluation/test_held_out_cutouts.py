"""Composites of real cut-outs that no training saw."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dim_tf.commands.held_out import make
from dim_tf.commands.measure import measure_mattes
from dim_tf.commands.prepare import make_dataset
from dim_tf.config import HeldOutConfig, InferenceConfig, OfflineConfig, with_values
from dim_tf.dataset.left_out import LIST_NAME
from dim_tf.dataset.manifest import read_manifest
from dim_tf.dataset.sources import split_photos
from dim_tf.evaluation.held_out import SETTINGS_NAME, write_composites
from dim_tf.evaluation.held_out_cutouts import held_out_cut_outs, render_cut_out_composite
from dim_tf.pictures.folders import list_images
from dim_tf.pictures.picture import read_stored
from dim_tf.pictures.writing import write_png
from dim_tf.system.errors import InputError

SIZE = 128


def photo_colour(number):
    return np.uint8([3 * number, 250, 40])


def cut_out_colour(source, number):
    return np.uint8([5 * number, 10, 200 if source == "old_cats" else 120])


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Photographs and cut-outs of one colour each; the cut-outs are discs."""
    root = tmp_path_factory.mktemp("held_out")
    for number in range(23):
        picture = np.full((40 + number, 60, 3), photo_colour(number), np.uint8)
        write_png(root / "photos" / f"{number:02d}.png", picture)
    y, x = np.mgrid[:100, :100]
    disc = np.clip((45 - np.hypot(y - 50, x - 50)) * 100 + 128, 0, 255).astype(np.uint8)
    for source, count in (("hair", 31), ("old_cats", 11), ("few", 10)):
        for number in range(count):
            colours = np.full((100, 100, 3), cut_out_colour(source, number), np.uint8)
            picture = np.dstack([colours, disc])
            write_png(root / "cutouts" / source / f"{number:02d}.png", picture)
    return root


@pytest.fixture(scope="module")
def composites(folders):
    make(config_of(folders))
    return folders / "out"


def config_of(folders, **changes):
    config = HeldOutConfig(
        photos_dir=str(folders / "photos"),
        out_dir=str(folders / "out"),
        count=8,
        size=SIZE,
        source="cutouts",
        cutouts_dir=str(folders / "cutouts"),
    )
    return with_values(config, **changes)


def test_the_sources_take_turns_and_names_carry_them(composites):
    names = [f"{index:03d}_{('hair', 'old_cats')[index % 2]}.png" for index in range(8)]
    for folder in ("rgb", "trimap", "trimap_dilate", "alpha"):
        assert [path.name for path in list_images(composites / folder)] == names
    settings = json.loads((composites / SETTINGS_NAME).read_text())
    assert settings["source"] == "cutouts"
    assert settings["cutouts"] == ["hair/10", "hair/30", "old_cats/10"]
    assert settings["photos"] == ["04.png", "13.png", "22.png"]


def test_a_composite_is_equation_1_of_a_held_out_cut_out_on_a_held_out_photograph(composites):
    seen, backgrounds = {"hair": set(), "old_cats": set()}, set()
    for path in list_images(composites / "rgb"):
        source = path.stem[4:]
        rgb, alpha, trimap = (
            read_stored(composites / folder / path.name) for folder in ("rgb", "alpha", "trimap")
        )
        assert rgb.shape == (SIZE, SIZE, 3)
        foreground, background = rgb[alpha == 255][0], rgb[alpha == 0][0]
        numbers = (10, 30) if source == "hair" else (10,)
        assert tuple(foreground) in {tuple(cut_out_colour(source, number)) for number in numbers}
        assert tuple(background) in {tuple(photo_colour(number)) for number in (4, 13, 22)}
        share = alpha[..., None] / 255.0
        expected = share * foreground + (1 - share) * background
        assert np.abs(expected - rgb).max() <= 1
        assert set(np.unique(trimap)) == {0, 128, 255}
        assert (alpha[trimap == 255] == 255).all() and (alpha[trimap == 0] == 0).all()
        assert 40 <= np.flatnonzero(alpha.any(axis=0)).size <= 100  # half its size to its own
        seen[source].add(tuple(foreground))
        backgrounds.add(tuple(background))
    assert len(seen["hair"]) == 2  # the cut-outs of a source take turns as well
    assert len(backgrounds) > 1


def test_a_composite_depends_on_seed_and_index_only(folders, composites):
    sources = held_out_cut_outs(folders / "cutouts").sources
    _, photos = split_photos(list_images(folders / "photos"))
    again = render_cut_out_composite(sources, photos, 1, 5, SIZE)
    assert again.name == "005_old_cats"
    for folder in ("rgb", "trimap", "trimap_dilate", "alpha"):
        stored = read_stored(composites / folder / f"{again.name}.png")
        np.testing.assert_array_equal(getattr(again, folder), stored)
    other = render_cut_out_composite(sources, photos, 2, 5, SIZE)
    assert (other.alpha != again.alpha).any()


def test_only_what_is_missing_is_written(folders, composites):
    lost = composites / "rgb" / "003_old_cats.png"
    before = lost.read_bytes()
    lost.unlink()
    photos, cut_outs = folders / "photos", held_out_cut_outs(folders / "cutouts")
    assert write_composites(photos, composites, 8, SIZE, foregrounds=cut_outs) == 1
    assert lost.read_bytes() == before
    with pytest.raises(InputError, match="other settings or pictures"):
        write_composites(photos, composites, 8, SIZE)


def test_how_many_are_held_out_of_each_source_is_told(folders, composites, capsys):
    make(config_of(folders))
    told = "held out: 2 of hair, 1 of old_cats; the sources take turns."
    assert told in capsys.readouterr().out


@pytest.fixture
def mattes(folders, tmp_path):
    """Mattes and colours in two folders, which are the cut-outs of hair."""
    for number in range(31):
        picture = np.array(Image.open(folders / "cutouts" / "hair" / f"{number:02d}.png"))
        write_png(tmp_path / "mattes" / f"{number:02d}.png", picture[..., 3])
        write_png(tmp_path / "eps" / f"{number:02d}.png", picture[..., :3])
    return {"alpha_dir": str(tmp_path / "mattes"), "eps_dir": str(tmp_path / "eps")}


def prepare_of(folders, mattes, out_dir):
    return with_values(
        OfflineConfig(),
        bg_dir=str(folders / "photos"),
        out_dir=str(out_dir),
        hold_out=True,
        backgrounds_per_foreground=1,
        workers=1,
        progress=False,
        **mattes,
    )


def test_mattes_in_folders_are_held_out_and_measured_on(folders, mattes, tmp_path, capsys):
    make_dataset(prepare_of(folders, mattes, tmp_path / "data"))
    held_out = ["10", "30"]
    assert json.loads((tmp_path / "data" / LIST_NAME).read_text())["alpha_dir"] == held_out
    trained_on = read_manifest(tmp_path / "data").foregrounds
    assert sorted([*trained_on, *held_out]) == [f"{number:02d}" for number in range(31)]
    settings = {"source": "folders", "cutouts_dir": "", "data_dir": str(tmp_path / "data")}
    config = config_of(folders, out_dir=str(tmp_path / "out"), **settings, **mattes)
    make(config)
    assert "mattes: held out: 2 of folders." in capsys.readouterr().out
    seen = set()
    for index in range(8):
        name = f"{index:03d}_folders.png"
        alpha = read_stored(tmp_path / "out" / "alpha" / name)
        rgb = read_stored(tmp_path / "out" / "rgb" / name)
        (colour,) = {tuple(one) for one in rgb[alpha == 255].tolist()}
        seen.add(colour)
    assert seen == {tuple(cut_out_colour("hair", number).tolist()) for number in (10, 30)}


def test_mattes_that_training_may_have_seen_are_refused(folders, mattes, tmp_path):
    prepare = prepare_of(folders, mattes, tmp_path / "data")
    make_dataset(prepare)
    for folder in mattes.values():
        shutil.copy(Path(folder, "00.png"), Path(folder, "000.png"))  # every place moves by one
    with pytest.raises(InputError, match=r"09 is due to be held out, but .* --alpha_dir held "):
        make_dataset(prepare)
    settings = {"source": "folders", "cutouts_dir": "", "data_dir": str(tmp_path / "data")}
    config = config_of(folders, out_dir=str(tmp_path / "out"), **settings, **mattes)
    with pytest.raises(InputError, match="09 is not among the pictures that the dataset"):
        make(config)
    # The list of a version that held none of them out.
    listed = json.loads((tmp_path / "data" / LIST_NAME).read_text())
    del listed["alpha_dir"]
    (tmp_path / "data" / LIST_NAME).write_text(json.dumps(listed))
    with pytest.raises(InputError, match="09 is not among the pictures that the dataset"):
        make(config)


def test_errors_are_told_by_source(composites, tmp_path, capsys):
    measuring = with_values(
        InferenceConfig(),
        predictions=str(composites / "alpha"),
        trimap=str(composites / "trimap"),
        gt=str(composites / "alpha"),
        report=str(tmp_path / "report"),
    )
    measure_mattes(measuring)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines[9:12]] == [
        *(["4", "of", "hair"], ["4", "of", "old_cats"], ["mean", "of", "8"]),
    ]
    kinds = json.loads((tmp_path / "report" / "metrics.json").read_text())["kinds"]
    assert {kind: found["images"] for kind, found in kinds.items()} == {"hair": 4, "old_cats": 4}


def test_what_cannot_be_used_is_said(folders, tmp_path):
    out = str(tmp_path / "out")
    with pytest.raises(InputError, match="--cutouts_dir is missing"):
        make(config_of(folders, cutouts_dir=""))
    with pytest.raises(InputError, match="--cutouts_dir goes with --source=cutouts only"):
        make(config_of(folders, source="procedural"))
    few = str(folders / "cutouts" / "few")
    with pytest.raises(InputError, match="no source of which a cut-out is held out"):
        make(config_of(folders, out_dir=out, cutouts_dir=few))
    for number in range(4):
        write_png(tmp_path / "photos" / f"{number}.png", np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(InputError, match="4 pictures, of which none is held out"):
        make(config_of(folders, out_dir=out, photos_dir=str(tmp_path / "photos")))
    for number in range(11):
        colours = np.full((9, 9, 3), 99, np.uint8)
        faint = np.dstack([colours, np.uint8(np.mgrid[:9, :9].sum(axis=0) * 9)])
        write_png(tmp_path / "cutouts" / "smoke" / f"{number:02d}.png", faint)
    with pytest.raises(InputError, match="No held-out cut-out of smoke has a usable trimap"):
        make(config_of(folders, out_dir=out, cutouts_dir=str(tmp_path / "cutouts")))
    write_png(tmp_path / "cutouts" / "smoke" / "10.png", np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(InputError, match=r"10\.png has no transparency"):
        make(config_of(folders, out_dir=f"{out}2", cutouts_dir=str(tmp_path / "cutouts")))


def test_the_turn_of_a_cut_out_that_cannot_be_used_goes_to_another(folders, tmp_path, capsys):
    shutil.copytree(folders / "cutouts", tmp_path / "cutouts")
    (tmp_path / "cutouts" / "hair" / "10.png").write_bytes(b"no picture")
    config = config_of(
        folders, out_dir=str(tmp_path / "out"), cutouts_dir=str(tmp_path / "cutouts")
    )
    make(config)
    said = capsys.readouterr().out
    assert "Refused, another picture is taken: " in said and "hair/10.png is not a picture" in said
    assert len(list_images(tmp_path / "out" / "rgb")) == 8
    (tmp_path / "cutouts" / "hair" / "30.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"hair/[13]0\.png is not a picture"):
        make(with_values(config, out_dir=str(tmp_path / "other")))


def test_cut_outs_that_a_dataset_did_not_hold_out_are_refused(composites, folders, tmp_path):
    listed = {
        "bg_dir": ["04.png", "13.png", "22.png"],
        "cutouts_dir": ["hair/10", "hair/30", "old_cats/10"],
    }
    path = tmp_path / LIST_NAME
    path.write_text(json.dumps(listed))
    config = config_of(folders, data_dir=str(tmp_path))
    make(config)
    path.write_text(json.dumps(listed | {"cutouts_dir": ["hair/10", "hair/29", "old_cats/10"]}))
    with pytest.raises(InputError, match="hair/30 is not among the pictures that the dataset"):
        make(config)
    path.write_text(json.dumps(listed | {"bg_dir": [], "photos_dir": ["04.png", "13.png"]}))
    with pytest.raises(InputError, match=r"22.png is not among the pictures that the dataset"):
        make(config)
    # Of a dataset without cut-outs none was trained on.
    path.write_text(json.dumps({"bg_dir": listed["bg_dir"]}))
    make(config)
