import dataclasses
import json
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from dim_tf.commands.prepare import make_dataset
from dim_tf.config import OfflineConfig, SyntheticConfig, with_values
from dim_tf.dataset import geometry
from dim_tf.dataset.manifest import compact_path, read_manifest
from dim_tf.dataset.output_folder import SETTINGS_NAME, settings_of
from dim_tf.dataset.procedural import synthetic_sources
from dim_tf.dataset.sources import BackgroundFile, draw_backgrounds
from dim_tf.pictures.matte import read_grey
from dim_tf.pictures.photo import read_rgb
from dim_tf.pictures.picture import read_stored
from dim_tf.pictures.writing import write_png
from dim_tf.synthetic import foreground_colours
from dim_tf.system.errors import InputError


def disc(height, width):
    y, x = np.mgrid[:height, :width]
    inside = np.hypot(y - height / 2, x - width / 2) < min(height, width) / 3
    return np.where(inside, 255, 0).astype(np.uint8)


def colours(seed, height, width):
    small = np.random.default_rng(seed).integers(0, 256, (3, 3, 3), np.uint8)
    return geometry.resize(small, height, width)


@pytest.fixture
def inputs(tmp_path):
    """Two foregrounds and three backgrounds, and a config that makes a dataset of them."""
    for number, (name, size) in enumerate({"cat": (40, 61), "dog": (50, 33)}.items()):
        write_png(tmp_path / "in" / "alpha" / f"{name}.png", disc(*size))
        write_png(tmp_path / "in" / "eps" / f"{name}.png", colours(number, *size))
    for number, size in enumerate([(48, 65), (70, 48), (33, 33)]):
        write_png(tmp_path / "in" / "bg" / f"place{number}.png", colours(number + 9, *size))
    return with_values(
        OfflineConfig(),
        out_dir=str(tmp_path / "out"),
        alpha_dir=str(tmp_path / "in" / "alpha"),
        eps_dir=str(tmp_path / "in" / "eps"),
        bg_dir=str(tmp_path / "in" / "bg"),
        pad="none",  # quicker than 1280 pixels a side
        backgrounds_per_foreground=2,
        workers=1,
        progress=False,
    )


def contents(folder):
    """Every file of a folder: relative path → bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


def times(folder):
    return {path: path.stat().st_mtime_ns for path in Path(folder).rglob("*.png")}


def test_compact_layout_holds_each_picture_once(inputs):
    summary = make_dataset(with_values(inputs, pad="center"))
    manifest = read_manifest(inputs.out_dir)
    assert len(manifest) == summary.pairs == 4
    assert manifest.foregrounds == ("cat", "dog")
    assert manifest.crop_safety == "center"
    assert summary.present == 0
    assert summary.refused == ()
    assert summary.written == len(times(inputs.out_dir)) == 4 + len(manifest.backgrounds)
    for i in range(len(manifest)):
        alpha, eps = read_grey(manifest.alpha_path(i)), read_rgb(manifest.eps_path(i))
        assert alpha.shape == (1280, 1280)
        assert read_rgb(manifest.background_path(i)).shape == eps.shape == (1280, 1280, 3)
        rows = np.flatnonzero(eps.any(axis=(1, 2)))
        columns = np.flatnonzero(eps.any(axis=(0, 2)))
        assert max(np.ptp(rows), np.ptp(columns)) + 1 == 640
        assert 0 < alpha.mean() < 255


def test_a_foreground_never_meets_a_background_twice(inputs):
    make_dataset(with_values(inputs, backgrounds_per_foreground=3))
    pairs = read_manifest(inputs.out_dir).pairs
    assert len(np.unique(pairs, axis=0)) == len(pairs) == 6


def test_original_layout_gives_the_same_training_canvases(inputs, tmp_path):
    config = with_values(inputs, pad="center", backgrounds_per_foreground=1)
    make_dataset(config)
    make_dataset(with_values(config, layout="original", out_dir=str(tmp_path / "big")))
    compact, original = read_manifest(inputs.out_dir), read_manifest(tmp_path / "big")
    np.testing.assert_array_equal(compact.pairs, original.pairs)
    assert original.eps_path(1) == tmp_path / "big" / "eps" / "dog" / "0.png"
    for i in range(len(compact)):
        for kind, read in (("alpha", read_grey), ("eps", read_rgb), ("background", read_rgb)):
            found = [read(getattr(manifest, f"{kind}_path")(i)) for manifest in (compact, original)]
            np.testing.assert_array_equal(found[0], geometry.canvas_of(found[1]))
        sizes = {read_grey(original.alpha_path(i)).shape, found[1].shape[:2]}
        assert len(sizes) == 1


def test_without_padding_pictures_stay_small_and_crops_are_pulled_back(inputs):
    make_dataset(inputs)
    manifest = read_manifest(inputs.out_dir)
    assert manifest.crop_safety == "pull_back"
    for i in range(len(manifest)):
        alpha, background = (
            read_grey(manifest.alpha_path(i)),
            read_rgb(manifest.background_path(i)),
        )
        assert max(alpha.shape) == 640
        assert min(background.shape[:2]) == 640
        geometry.centre_on(alpha, *background.shape[:2])


def test_the_chosen_kinds_of_procedural_mattes_are_made():
    config = SyntheticConfig(synthetic=3, synthetic_kinds=("hard", "holes"))
    names = [foreground.name for foreground in synthetic_sources(config, 1).foregrounds]
    assert names == ["000000_hard", "000001_holes", "000002_hard"]
    other = dataclasses.replace(config, synthetic_kinds=("hard",))
    assert settings_of(1, config) != settings_of(1, other)


YOUNGER = {
    "colour_patches": 0.5,
    "shaded_colours": 0.5,
    "crisp_colours": 0.5,
    "textured_edges": 0.5,
    "crop_safety": "center",
}


@pytest.mark.parametrize("name", YOUNGER)
def test_what_decides_the_pixels_stays_as_a_folder_was_begun(inputs, name):
    inputs = with_values(inputs, synthetic=1)
    make_dataset(inputs)
    changed = with_values(inputs, **{name: YOUNGER[name]})
    sentence = rf"was begun with --{name}=\S+, not with --{name}={YOUNGER[name]};"
    with pytest.raises(InputError, match=sentence):
        make_dataset(changed)
    # A folder older than the record of these settings goes on with any.
    path = Path(inputs.out_dir) / SETTINGS_NAME
    settings = json.loads(path.read_text())
    path.write_text(json.dumps({key: settings[key] for key in settings if name not in key}))
    assert make_dataset(changed).written == 0


def fingerprint_of(config):
    make_dataset(config)
    return read_manifest(config.out_dir).fingerprint()


def test_a_dataset_made_with_other_colours_is_another_one(inputs, tmp_path):
    """Though it has the same names and pairs: a run that goes on would not notice."""
    plain, shaded, patched = (
        with_values(inputs, synthetic=1, out_dir=str(tmp_path / name), **changes)
        for name, changes in (
            ("plain", {}),
            ("shaded", {"shaded_colours": 1.0}),
            ("patched", {"shaded_colours": 1.0, "colour_patches": 1.0}),
        )
    )
    texts = [fingerprint_of(config) for config in (plain, shaded, patched)]
    assert len(set(texts)) == 3
    assert "settings" not in texts[0]  # as before there was a record of them
    assert texts[1].startswith(texts[0].removesuffix(")"))
    path = tmp_path / "shaded" / "manifest.json"
    older = json.loads(path.read_text())
    del older["unusual_settings"]
    path.write_text(json.dumps(older))
    assert fingerprint_of(shaded) == texts[0]  # a run on it goes on


def test_a_second_run_writes_only_what_is_missing(inputs):
    make_dataset(inputs)
    before, stamps = contents(inputs.out_dir), times(inputs.out_dir)
    lost = Path(inputs.out_dir) / "eps" / "dog.png"
    lost.unlink()
    summary = make_dataset(inputs)
    assert (summary.written, summary.present) == (1, len(stamps) - 1)
    assert contents(inputs.out_dir) == before
    assert {path for path, stamp in times(inputs.out_dir).items() if stamps[path] != stamp} == {
        lost
    }


def test_a_second_run_of_the_original_layout_writes_only_what_is_missing(inputs):
    config = with_values(inputs, layout="original", backgrounds_per_foreground=1)
    make_dataset(config)
    before = contents(inputs.out_dir)
    (Path(inputs.out_dir) / "bg" / "cat" / "0.png").unlink()
    summary = make_dataset(config)
    assert (summary.written, summary.present) == (1, 5)
    assert contents(inputs.out_dir) == before


def test_half_written_files_of_a_killed_run_do_not_count(inputs):
    make_dataset(inputs)
    before = contents(inputs.out_dir)
    (Path(inputs.out_dir) / "manifest.json").unlink()
    whole = Path(inputs.out_dir) / "alpha" / "cat.png"
    whole.rename(whole.with_name(".dim_tf.abc123.part"))
    assert make_dataset(inputs).written == 1
    assert contents(inputs.out_dir) == before


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"seed": 2}, "was begun with --seed=1, not with --seed=2;"),
        ({"pad": "center"}, "was begun with --pad=none, not with --pad=center;"),
        ({"layout": "original"}, "--layout=compact, not with --layout=original;"),
    ],
)
def test_other_settings_into_the_same_folder_are_refused(inputs, change, sentence):
    make_dataset(inputs)
    before = contents(inputs.out_dir)
    with pytest.raises(InputError, match=sentence):
        make_dataset(with_values(inputs, **change))
    assert contents(inputs.out_dir) == before


def test_a_changed_list_of_backgrounds_is_refused_where_files_depend_on_it(inputs):
    config = with_values(inputs, layout="original", backgrounds_per_foreground=1)
    make_dataset(config)
    write_png(Path(inputs.folders.bg_dir) / "new.png", colours(0, 20, 20))
    with pytest.raises(InputError, match="begun with a list of backgrounds of 3 pictures"):
        make_dataset(config)


def test_a_dataset_can_grow_without_changing_the_pairs_it_has(inputs):
    make_dataset(with_values(inputs, backgrounds_per_foreground=1))

    def pairs():
        manifest = read_manifest(inputs.out_dir)
        return {
            (manifest.foreground_name(i), manifest.background_name(i)) for i in range(len(manifest))
        }

    before, stamps = pairs(), times(inputs.out_dir)
    write_png(Path(inputs.folders.alpha_dir) / "ant.png", disc(20, 20))
    write_png(Path(inputs.folders.eps_dir) / "ant.png", colours(5, 20, 20))
    make_dataset(inputs)
    assert before < pairs()
    assert stamps.items() <= times(inputs.out_dir).items()


def test_a_folder_with_other_files_is_left_alone(inputs, tmp_path):
    config = with_values(inputs, out_dir=str(tmp_path / "in"))
    before = contents(tmp_path / "in")
    with pytest.raises(InputError, match="holds files that this script did not write"):
        make_dataset(config)
    assert contents(tmp_path / "in") == before


def spoil(config):
    """Bad inputs of every kind → a piece of the sentence that must refuse each."""
    alpha, eps, bg = (
        Path(folder)
        for folder in (config.folders.alpha_dir, config.folders.eps_dir, config.folders.bg_dir)
    )
    write_png(alpha / "lonely.png", disc(9, 9))
    write_png(eps / "orphan.png", colours(0, 9, 9))
    for name in ("sizes", "black", "broken", "text", "white"):
        write_png(alpha / f"{name}.png", disc(30, 30))
        write_png(eps / f"{name}.png", colours(0, 30, 31 if name == "sizes" else 30))
    write_png(alpha / "black.png", np.zeros((30, 30), np.uint8))
    write_png(alpha / "white.png", np.full((30, 30), 255, np.uint8))
    (alpha / "broken.png").write_bytes((alpha / "cat.png").read_bytes()[:40])
    (eps / "text.png").write_text("no picture")
    write_png(alpha / "dog.jpg", disc(50, 33))
    (bg / "place1.png").write_bytes(b"")
    write_png(bg / "strip.png", colours(0, 2, 900))
    return [
        "lonely.png has no partner named lonely",
        "orphan.png has no partner named orphan",
        "sizes.png 30×30; give two pictures of the same size",
        "black.png is 0 everywhere",
        "white.png is 255 everywhere",
        "broken.png is damaged or cut short",
        "text.png is not a picture that can be read",
        "dog.png have the same name but for the suffix; remove one",
        "place1.png is not a picture; it is empty",
        "strip.png is 900 x 2, too long a strip",
    ]


def test_of_a_cut_out_given_as_matte_the_opacity_is_taken(inputs, capfd):
    folders = inputs.folders
    expected = make_dataset(inputs)
    stored = read_stored(compact_path(expected.out_dir, "alpha", "cat"))
    opacity = read_stored(Path(folders.alpha_dir) / "cat.png")
    dark = np.dstack([np.zeros((*opacity.shape, 3), np.uint8), opacity])
    write_png(Path(folders.alpha_dir) / "cat.png", dark)  # black where it is opaque
    write_png(
        Path(folders.eps_dir) / "cat.png",
        np.dstack([read_stored(Path(folders.eps_dir) / "cat.png"), opacity]),
    )
    eps = read_stored(compact_path(expected.out_dir, "eps", "cat"))
    again = make_dataset(with_values(inputs, out_dir=f"{inputs.out_dir}_again"))
    np.testing.assert_array_equal(read_stored(compact_path(again.out_dir, "alpha", "cat")), stored)
    # The colours are those under the opacity, not those on white.
    np.testing.assert_array_equal(read_stored(compact_path(again.out_dir, "eps", "cat")), eps)
    assert "cat.png: it is a cut-out, its opacity is the matte." in capfd.readouterr().out


def test_accents_are_one_name_however_they_are_stored(inputs):
    alpha = Path(inputs.folders.alpha_dir) / "cat.png"
    eps = Path(inputs.folders.eps_dir) / "cat.png"
    alpha.rename(alpha.with_stem(unicodedata.normalize("NFD", "caf\u00e9")))
    eps.rename(eps.with_stem("caf\u00e9"))
    assert not make_dataset(inputs).refused
    assert "caf\u00e9" in read_manifest(inputs.out_dir).foregrounds


def test_a_coloured_matte_is_refused_by_name(inputs):
    alpha = Path(inputs.folders.alpha_dir) / "cat.png"
    write_png(alpha, colours(5, *read_stored(alpha).shape))
    summary = make_dataset(inputs)
    assert any(f"{alpha} is a picture in colours, not a matte" in line for line in summary.refused)
    assert "cat" not in read_manifest(inputs.out_dir).foregrounds


def test_exchanged_folders_are_noticed_before_anything_is_written(inputs):
    folders = inputs.folders
    exchanged = with_values(inputs, alpha_dir=folders.eps_dir, eps_dir=folders.alpha_dir)
    with pytest.raises(InputError, match=r"--alpha_dir and --eps_dir look exchanged: .* in colou"):
        make_dataset(exchanged)
    assert not Path(inputs.out_dir).exists()
    photos = with_values(inputs, alpha_dir=folders.eps_dir)
    with pytest.raises(InputError, match=r"are in colours, .*; give a folder of mattes"):
        make_dataset(photos)
    make_dataset(inputs)  # what the sentence says to do


def test_bad_inputs_are_refused_by_name_and_the_rest_goes_on(inputs):
    expected = spoil(inputs)
    summary = make_dataset(inputs)
    assert len(summary.refused) == len(expected)
    for sentence in expected:
        assert sum(sentence in refusal for refusal in summary.refused) == 1, sentence
        assert sentence in str(summary)
    manifest = read_manifest(inputs.out_dir)
    assert manifest.foregrounds == ("cat", "dog")
    # The unreadable background is replaced, no pair is lost.
    assert manifest.backgrounds == ("place0", "place2")
    assert len(manifest) == 4


def test_strict_stops_at_the_first_refusal(inputs):
    write_png(Path(inputs.folders.alpha_dir) / "black.png", np.zeros((30, 30), np.uint8))
    write_png(Path(inputs.folders.eps_dir) / "black.png", colours(0, 30, 30))
    with pytest.raises(InputError, match=r"black.png is 0 everywhere"):
        make_dataset(with_values(inputs, strict=True))
    assert not (Path(inputs.out_dir) / "manifest.json").exists()


def test_nothing_usable_is_an_error_that_says_why(inputs):
    for path in Path(inputs.folders.eps_dir).iterdir():
        path.write_text("no picture")
    with pytest.raises(InputError, match=r"could be used: .*cat.png is not a picture"):
        make_dataset(inputs)


def test_too_few_backgrounds_are_all_taken_and_the_summary_says_so(inputs):
    summary = make_dataset(with_values(inputs, backgrounds_per_foreground=100))
    assert summary.pairs == 6
    assert "only 3 usable backgrounds" in str(summary)
    assert f"{summary.pairs} pairs of 2 foregrounds and 3 backgrounds." in str(summary)


def test_one_of_each_is_told_as_one(inputs):
    for folder in (inputs.folders.alpha_dir, inputs.folders.bg_dir):
        _, *others = sorted(Path(folder).iterdir())
        for file in others:
            file.unlink()
    lines = str(make_dataset(with_values(inputs, backgrounds_per_foreground=2))).splitlines()
    assert lines[0].endswith(": 1 pair of 1 foreground and 1 background.")
    assert (
        "With only 1 usable background each foreground has 1 instead of the 2 asked for." in lines
    )


def synthetic_config(folder, **changes):
    settings = {"synthetic": 2, "backgrounds_per_foreground": 1, "progress": False}
    return with_values(OfflineConfig(), out_dir=str(folder), **{**settings, **changes})


def test_one_seed_gives_the_same_bytes_with_any_number_of_processes(tmp_path):
    make_dataset(synthetic_config(tmp_path / "one", workers=1))
    make_dataset(synthetic_config(tmp_path / "two", workers=2))
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_synthetic_mattes_are_named_seeded_and_coloured_apart_from_their_backgrounds(inputs):
    config = SyntheticConfig(synthetic=30, photos_dir=inputs.folders.bg_dir)
    sources = synthetic_sources(config, 1)
    other = synthetic_sources(config, 2)
    assert sources.foregrounds[0].name.startswith("000000_")
    assert len({foreground.seed for foreground in sources.foregrounds}) == 30
    assert (
        sources.foregrounds[:5]
        == synthetic_sources(dataclasses.replace(config, synthetic=5), 1).foregrounds
    )
    assert not {item.seed for item in sources.foregrounds} & {
        item.seed for item in other.foregrounds
    }
    config = synthetic_config(
        inputs.out_dir, photos_dir=inputs.folders.bg_dir, workers=1, synthetic=3
    )
    make_dataset(config)
    manifest = read_manifest(inputs.out_dir)
    photos = {item.name: item.colour_photo.stem for item in sources.foregrounds}
    for i in range(len(manifest)):
        assert manifest.background_name(i) != photos[manifest.foreground_name(i)]
    # However its folder is spelt.
    spelt = Path(inputs.folders.bg_dir) / ".." / Path(inputs.folders.bg_dir).name
    for foreground in sources.foregrounds:
        own = foreground.colour_photo.name
        there = [BackgroundFile(name, spelt / name) for name in (own, "another.png")]
        assert draw_backgrounds(foreground, there, set(), 1, 1) == [1]


def test_colour_patches_come_as_often_as_asked_and_change_nothing_else(inputs):
    config = SyntheticConfig(synthetic=200, photos_dir=inputs.folders.bg_dir)
    plain = synthetic_sources(config, 1).foregrounds
    assert not any(foreground.patch_photos for foreground in plain)
    patched = synthetic_sources(dataclasses.replace(config, colour_patches=0.4), 1).foregrounds
    counts = [len(foreground.patch_photos) for foreground in patched]
    assert 0.3 < np.mean(np.array(counts) > 0) < 0.5
    assert set(counts) == {0, 1, 2, 3}
    assert plain == tuple(
        dataclasses.replace(foreground, patch_photos=()) for foreground in patched
    )


def test_shaded_colours_come_as_often_as_asked_and_leave_the_matte(inputs):
    config = SyntheticConfig(synthetic=200, photos_dir=inputs.folders.bg_dir)
    plain = synthetic_sources(config, 1).foregrounds
    assert not any(foreground.shaded for foreground in plain)
    shaded = synthetic_sources(dataclasses.replace(config, shaded_colours=0.4), 1).foregrounds
    assert 0.3 < np.mean([foreground.shaded for foreground in shaded]) < 0.5
    index = next(index for index, foreground in enumerate(shaded) if foreground.shaded)
    one, other = plain[index].load(), shaded[index].load()
    np.testing.assert_array_equal(one[0], other[0])
    assert np.any(one[1] != other[1])


def test_crisp_colours_come_as_often_as_asked_and_leave_the_matte(inputs):
    config = SyntheticConfig(synthetic=200, photos_dir=inputs.folders.bg_dir)
    assert not any(foreground.crisp for foreground in synthetic_sources(config, 1).foregrounds)
    crisp = synthetic_sources(dataclasses.replace(config, crisp_colours=0.4), 1).foregrounds
    assert 0.3 < np.mean([foreground.crisp for foreground in crisp]) < 0.5
    one = next(foreground for foreground in crisp if foreground.crisp)
    alpha, eps = one.load()
    np.testing.assert_array_equal(alpha, dataclasses.replace(one, crisp=False).load()[0])
    expected = foreground_colours(alpha, [one.colour_photo], one.seed, crisp=True)
    np.testing.assert_array_equal(eps, expected)


def test_textured_edges_come_on_bodies_and_with_the_colours_of_the_photo(inputs):
    config = SyntheticConfig(synthetic=240, photos_dir=inputs.folders.bg_dir)
    plain = synthetic_sources(config, 1).foregrounds
    assert not any(foreground.textured_edges for foreground in plain)
    textured = synthetic_sources(dataclasses.replace(config, textured_edges=0.5), 1).foregrounds
    chosen = [foreground for foreground in textured if foreground.textured_edges]
    assert {foreground.kind for foreground in chosen} == {"hard", "holes"}
    assert 0.3 < len(chosen) / 40 < 0.7
    one, other = chosen[0].load(), dataclasses.replace(chosen[0], textured_edges=False).load()
    assert np.any(one[0] != other[0]) and np.any(one[1] != other[1])


def test_a_first_run_that_wrote_nothing_does_not_bind_the_second(inputs):
    with pytest.raises(InputError, match="could be used"):
        make_dataset(with_values(inputs, alpha_dir=inputs.folders.bg_dir, seed=2))
    assert make_dataset(inputs).pairs == 4
