"""Real cut-outs become foregrounds: which files, which of them when, and what is held out."""

import dataclasses
import json
import os
import unicodedata
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from dim_tf.commands.prepare import make_dataset
from dim_tf.config import CutOutConfig, JobsConfig, OfflineConfig, with_values
from dim_tf.dataset.cutouts import cut_out_foregrounds, find_cut_outs, usable_cut_outs
from dim_tf.dataset.manifest import read_manifest
from dim_tf.dataset.output_folder import SETTINGS_NAME
from dim_tf.pictures.picture import read_stored
from dim_tf.pictures.writing import write_png
from dim_tf.system.errors import InputError

QUIET = JobsConfig(workers=1, progress=False)
# A cut-out's red is its own number times this, its green tells the source.
STEP = 8


def object_of(number, green, height=16, width=20):
    """Opacity with an edge, and one colour that no other cut-out has."""
    alpha = np.zeros((height, width), np.uint8)
    alpha[3:-3, 4:-4] = 255
    return alpha, np.full((height, width, 3), (STEP * number, green, 90), np.uint8)


def write_transparent(path, alpha, colours):
    # Black where it is transparent, as real ones are.
    write_png(path, np.dstack([np.where(alpha[..., None] > 0, colours, np.uint8(0)), alpha]))


def write_pair(path, alpha, colours):
    write_png(path.with_suffix(".png"), alpha)
    quality = [cv2.IMWRITE_JPEG_QUALITY, 100]
    cv2.imwrite(str(path.with_suffix(".jpg")), cv2.cvtColor(colours, cv2.COLOR_RGB2BGR), quality)


@pytest.fixture
def folder(tmp_path):
    """31 transparent pictures in hair, 12 pairs in things, 2 WebPs in the folder itself."""
    root = tmp_path / "cutouts"
    for number in range(31):
        write_transparent(root / "hair" / f"{number:02d}.png", *object_of(number, 0))
    for number in range(12):
        write_pair(root / "things" / f"{number:02d}.png", *object_of(number, 100))
    for number in range(2):
        alpha, colours = object_of(number, 200)
        picture = Image.fromarray(np.dstack([colours, alpha]))
        picture.save(root / f"{number:02d}.webp", lossless=True)
    return root


@pytest.fixture
def config(folder, tmp_path):
    for number in range(3):
        write_png(tmp_path / "photos" / f"{number}.png", np.full((40, 40, 3), 250, np.uint8))
    return with_values(
        OfflineConfig(),
        out_dir=str(tmp_path / "out"),
        cutouts_dir=str(folder),
        cutouts=2,
        photos_dir=str(tmp_path / "photos"),
        pad="none",
        backgrounds_per_foreground=1,
        workers=1,
        progress=False,
    )


def names_of(cut_outs):
    return [cut_out.name for cut_out in cut_outs]


def test_each_folder_is_a_source_and_so_is_the_folder_itself(folder):
    found, refusals = find_cut_outs(folder, "all")
    assert not refusals
    assert Counter(cut_out.source for cut_out in found) == {"hair": 31, "things": 12, "cutouts": 2}
    assert names_of(found)[:4] == ["00", "01", "hair/00", "hair/01"]


def test_folders_in_a_source_belong_to_it_and_hidden_ones_to_nobody(folder):
    for name in ("hair/curly/wet/00", ".trash/00", "hair/.thumbnails/00", "hair/._00"):
        write_transparent(folder / f"{name}.png", *object_of(31, 0))
    (folder / "licences").mkdir()
    (folder / "licences" / "hair.txt").touch()
    found, refusals = find_cut_outs(folder, "all")
    assert (len(found), refusals) == (46, [])
    (added,) = (cut_out for cut_out in found if "curly" in cut_out.name)
    assert (added.source, added.name) == ("hair", "hair/curly/wet/00")


def test_accents_are_one_name_however_they_are_stored(folder):
    alpha, colours = object_of(1, 0)
    name = "caf\u00e9"
    write_png(folder / f"{unicodedata.normalize('NFD', name)}.jpg", colours)
    write_png(folder / f"{name}.png", alpha)
    found, refusals = find_cut_outs(folder, "all")
    assert not refusals
    (added,) = (cut_out for cut_out in found if cut_out.name == name)
    assert (added.colour_file.suffix, added.matte_file.suffix) == (".jpg", ".png")


def test_the_11th_31st_and_so_on_of_each_source_are_held_out(folder):
    held_out, _ = find_cut_outs(folder, "held out")
    assert names_of(held_out) == ["hair/10", "hair/30", "things/10"]
    training, _ = find_cut_outs(folder, "training")
    everything, _ = find_cut_outs(folder, "all")
    assert set(training).isdisjoint(held_out)
    assert set(training) | set(held_out) == set(everything)
    # By name without suffix: "frog" stands before "frog-1", though "frog-1.png" before "frog.png".
    for name in ("a-1", "a"):
        write_transparent(folder / "frogs" / f"{name}.png", *object_of(1, 0))
    found, _ = find_cut_outs(folder, "all")
    assert names_of(found)[2:4] == ["frogs/a", "frogs/a-1"]


def test_a_pair_and_a_transparent_picture_are_the_same_cut_out(folder):
    alpha, colours = object_of(9, 0)
    alpha[3, 4:-4] = 128
    write_pair(folder / "new" / "pair.png", alpha, colours)
    write_transparent(folder / "new" / "transparent.png", alpha, colours)
    found = [c for c in find_cut_outs(folder, "all")[0] if c.source == "new"]
    (one, one_colours), (other, other_colours) = (cut_out.load() for cut_out in found)
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(one, [[128] * 12, *[[255] * 12] * 9])
    assert np.abs(one_colours.astype(int) - other_colours)[one > 0].max() <= 2
    np.testing.assert_array_equal(other_colours[other > 0], colours[3:-3, 4:-4][other > 0])


def test_noise_in_the_opacity_is_no_part_of_a_cut_out(folder):
    alpha, colours = object_of(9, 0)
    noisy = np.select([alpha == 0, alpha == 255], [np.uint8(3), np.uint8(252)], alpha)
    write_transparent(folder / "new" / "noisy.png", noisy, colours)
    (cut_out,) = (c for c in find_cut_outs(folder, "all")[0] if c.source == "new")
    np.testing.assert_array_equal(cut_out.load()[0], np.full((10, 12), 255))


def colours_seen(out_dir):
    """(number, green) of every cut-out that some foreground of a dataset shows."""
    manifest = read_manifest(out_dir)
    seen = set()
    files = {manifest.alpha_path(i): manifest.eps_path(i) for i in range(len(manifest))}
    for alpha_file, eps_file in files.items():
        colours = read_stored(eps_file)[read_stored(alpha_file) == 255].astype(int)
        for colour in np.unique(colours[:, 0] << 8 | colours[:, 1]):
            seen.add((round((colour >> 8) / STEP), 100 * round((colour & 255) / 100)))
    return seen


def test_what_is_held_out_is_never_in_the_dataset(config):
    """By the colours of its pictures, of which each cut-out has one that is only its own."""
    config = with_values(config, joined_cutouts=0.6, cutout_scale_min=1.0, cutouts=60)
    make_dataset(with_values(config, hold_out=True))
    everything = {(number, 0) for number in range(31)} | {(number, 100) for number in range(12)}
    everything |= {(0, 200), (1, 200)}
    assert colours_seen(config.out_dir) == everything - {(10, 0), (30, 0), (10, 100)}
    make_dataset(with_values(config, out_dir=f"{config.out_dir}_all"))
    assert colours_seen(f"{config.out_dir}_all") == everything


def test_cut_outs_take_turns_and_a_foreground_depends_on_seed_and_index_only(folder):
    cut_outs, _ = find_cut_outs(folder, "all")
    config = CutOutConfig(joined_cutouts=0.4, cutout_scale_min=0.6, cutout_scale_max=0.9)
    foregrounds = cut_out_foregrounds(cut_outs, config, 4 * 45, 1)
    assert foregrounds[:50] == cut_out_foregrounds(cut_outs, config, 50, 1)
    orders = []
    for number in range(4):
        turns = foregrounds[45 * number : 45 * number + 45]
        orders.append([foreground.cut_outs[0].name for foreground in turns])
        assert sorted(orders[-1]) == sorted(names_of(cut_outs))
    assert orders[0] != orders[1]
    other = cut_out_foregrounds(cut_outs, config, 45, 2)
    assert [foreground.cut_outs[0].name for foreground in other] != orders[0]
    assert len({foreground.seed for foreground in foregrounds + other}) == 5 * 45
    assert foregrounds[7].name == f"cutout_000007_{foregrounds[7].cut_outs[0].source}"
    joined = [foreground for foreground in foregrounds if len(foreground.cut_outs) == 2]
    assert 0.3 < len(joined) / 180 < 0.5
    assert all(foreground.cut_outs[0] != foreground.cut_outs[1] for foreground in joined)
    assert len({foreground.cut_outs[1] for foreground in joined}) > 20
    scales = [scale for foreground in foregrounds for scale in foreground.scales]
    assert len(scales) == 180 + len(joined)
    assert 0.6 <= min(scales) < 0.62 and 0.88 < max(scales) <= 0.9
    pairs = cut_out_foregrounds(cut_outs[:2], CutOutConfig(joined_cutouts=1.0), 20, 1)
    assert all(set(foreground.cut_outs) == set(cut_outs[:2]) for foreground in pairs)
    alone = cut_out_foregrounds(cut_outs[:1], CutOutConfig(joined_cutouts=1.0), 3, 1)
    assert [len(foreground.cut_outs) for foreground in alone] == [1, 1, 1]


def test_a_foreground_is_640_pixels_and_the_same_whenever_it_is_loaded(folder):
    cut_outs, _ = find_cut_outs(folder, "all")
    first = cut_out_foregrounds(cut_outs, CutOutConfig(joined_cutouts=1.0), 3, 1)[2]
    one, other = first.load(), dataclasses.replace(first).load()
    for picture, again in zip(one, other, strict=True):
        assert picture.shape[:2] == (640, 640) and picture.dtype == np.uint8
        np.testing.assert_array_equal(picture, again)
    moved = dataclasses.replace(first, seed=first.seed + 1).load()
    assert (moved[0] != one[0]).any()


def contents(out_dir):
    return {path.name: path.read_bytes() for path in Path(out_dir).rglob("*.png")}


def test_a_dataset_of_cut_outs_is_the_same_with_two_processes_and_after_a_stop(config):
    config = with_values(config, cutouts=6)
    assert make_dataset(config).written == 2 * 6 + 3
    before = contents(config.out_dir)
    lost = next((Path(config.out_dir) / "eps").iterdir())
    lost.unlink()
    (Path(config.out_dir) / "manifest.json").unlink()
    again = make_dataset(with_values(config, workers=2))
    assert again.written == 1
    assert contents(config.out_dir) == before
    # More of them change nothing in those there are.
    make_dataset(with_values(config, cutouts=9))
    assert before.items() <= contents(config.out_dir).items()


def spoil(folder):
    """Bad files → a piece of the sentence that must refuse each."""
    alpha, colours = object_of(3, 0)
    write_png(folder / "hair" / "photo.png", colours)
    write_png(folder / "hair" / "opaque.png", np.dstack([colours, np.full_like(alpha, 255)]))
    write_png(folder / "hair" / "even.png", np.dstack([colours, np.full_like(alpha, 99)]))
    write_pair(folder / "things" / "lonely.png", alpha, colours)
    (folder / "things" / "lonely.png").unlink()
    write_pair(folder / "things" / "sizes.png", alpha[1:], colours)
    write_pair(folder / "things" / "empty.png", alpha, colours)
    write_png(folder / "things" / "empty.png", np.zeros_like(alpha))
    write_pair(folder / "things" / "full.png", np.full_like(alpha, 255), colours)
    write_pair(folder / "things" / "coloured.png", alpha, colours)
    write_png(folder / "things" / "coloured.png", np.where(alpha[..., None], colours, np.uint8(0)))
    write_transparent(folder / "things" / "two.png", alpha, colours)
    write_transparent(folder / "things" / "two.bmp", alpha, colours)
    (folder / "hair" / "text.png").write_text("no picture")
    return [
        *(f"{name} has no transparency" for name in ("photo.png", "opaque.png", "even.png")),
        "lonely.jpg has no transparency that cuts something out, and no matte beside it; give a",
        "sizes.png 20×15; give two pictures of the same size",
        "empty.png is 0 everywhere; a matte needs an edge",
        "full.png is 255 everywhere; a matte needs an edge",
        "coloured.png is a picture in colours, not a matte",
        "two.bmp has the same name as two.png but for the suffix",
        "text.png is not a picture that can be read",
    ]


def test_bad_files_are_refused_by_name_once_and_the_rest_goes_on(config, folder):
    expected = spoil(folder)
    summary = make_dataset(with_values(config, cutouts=50))  # more than a round
    for sentence in expected:
        assert sum(sentence in refusal for refusal in summary.refused) == 1, sentence
    assert len(summary.refused) == len(expected)
    # Nothing is missing: 45 good ones take the turns.
    assert len(read_manifest(config.out_dir).foregrounds) == 50
    assert "Foregrounds: 50 of cutouts (45 cut-outs in turns)." in summary.notes


def test_strict_stops_at_a_bad_file_before_anything_is_written(config, folder):
    write_png(folder / "hair" / "photo.png", np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(InputError, match=r"photo.png has no transparency"):
        make_dataset(with_values(config, strict=True))
    assert not Path(config.out_dir).exists()


def test_what_there_is_to_say_of_a_file_is_told_once(folder, capfd):
    alpha, colours = object_of(3, 0)
    frames = [Image.fromarray(np.dstack([picture, alpha])) for picture in (colours, 255 - colours)]
    moving = folder / "new" / "moving.webp"
    moving.parent.mkdir()
    frames[0].save(moving, save_all=True, append_images=frames[1:])
    usable, _ = usable_cut_outs(str(folder), False, QUIET)
    for cut_out in usable:
        cut_out.load()
    told = f"{moving}: it holds several pictures, the first is taken.\n"
    assert capfd.readouterr().out == told


def test_nothing_usable_is_an_error_that_says_why(tmp_path):
    with pytest.raises(InputError, match="is not a folder"):
        find_cut_outs(tmp_path / "nowhere", "all")
    (tmp_path / "empty" / "source").mkdir(parents=True)
    with pytest.raises(InputError, match="holds no pictures"):
        find_cut_outs(tmp_path / "empty", "all")
    write_png(tmp_path / "photos" / "photo.png", np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(InputError, match=r"No cut-out in .* could be used: .*photo.png has no"):
        usable_cut_outs(str(tmp_path / "photos"), False, QUIET)


def test_links_are_followed_and_what_cannot_be_reached_is_named(folder, tmp_path, monkeypatch):
    there = len(find_cut_outs(folder, "all")[0])
    (folder / "hair").rename(tmp_path / "elsewhere")
    (folder / "animals").mkdir()
    (folder / "animals" / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "animals" / "back").symlink_to(folder / "animals")
    (folder / "animals" / "broken.png").symlink_to(tmp_path / "nowhere.png")
    found, refusals = find_cut_outs(folder, "all")
    assert (len(found), refusals) == (there + 1, [])  # the broken one is refused when it is read
    own = os.scandir

    def scandir(place):
        if str(place).endswith("linked"):
            raise PermissionError(13, "Permission denied", str(place))
        return own(place)

    monkeypatch.setattr("os.scandir", scandir)
    found, refusals = find_cut_outs(folder, "all")
    assert refusals == [f"{folder / 'animals' / 'linked'} cannot be read: Permission denied."]
    assert 0 < len(found) < there


def test_a_source_whose_name_cannot_be_stored_is_refused(folder):
    (folder / "hair").rename(folder / "a:b")
    found, refusals = find_cut_outs(folder, "all")
    assert len(found) == 14
    assert refusals == [f"{folder / 'a:b'} has a name that not every system can store; rename it."]


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"cutout_scale_min": 0.7}, "with --cutout_scale_min=0.5, not with --cutout_scale_min=0.7"),
        ({"cutout_scale_max": 0.9}, "with --cutout_scale_max=1.0, not with --cutout_scale_max=0.9"),
        ({"joined_cutouts": 0.0}, "with --joined_cutouts=0.3, not with --joined_cutouts=0.0"),
        ({"hold_out": True}, "begun without --hold_out, not with --hold_out=True"),
        ({"mix": ("cutouts:1",)}, "begun without --mix, not with --mix=cutouts:1"),
    ],
)
def test_other_settings_into_the_same_folder_are_refused(config, change, sentence):
    make_dataset(config)
    before = contents(config.out_dir)
    with pytest.raises(InputError, match=sentence):
        make_dataset(with_values(config, **change))
    assert contents(config.out_dir) == before


def test_another_cut_out_more_or_less_is_another_dataset(config, folder):
    make_dataset(config)
    write_transparent(folder / "hair" / "99.png", *object_of(31, 0))
    with pytest.raises(InputError, match=r"list in --cutouts_dir of 45 .*, not with .* of 46 pict"):
        make_dataset(config)


def test_a_dataset_older_than_cut_outs_goes_on(config):
    config = with_values(config, cutouts_dir="", cutouts=0, synthetic=2)
    make_dataset(config)
    path = Path(config.out_dir) / SETTINGS_NAME
    settings = json.loads(path.read_text())
    new = [name for name in settings if "cut" in name or "mix" in name]
    assert sorted(new) == [
        *("--cutout_scale_max=", "--cutout_scale_min=", "--cutouts_dir=", "--joined_cutouts="),
        "--mix=",
    ]
    path.write_text(json.dumps({name: settings[name] for name in settings if name not in new}))
    assert make_dataset(config).written == 0
