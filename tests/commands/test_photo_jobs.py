import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from dim_tf.commands.photo_jobs import (
    PhotoJob,
    find_pictures,
    pair_by_stem,
    plan_jobs,
)
from dim_tf.config import InferenceConfig, config_from_values
from dim_tf.pictures.writing import write_png
from dim_tf.system.errors import InputError
from dim_tf.system.shipped import ASSETS


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Two photos and their masks; only names are looked at."""
    monkeypatch.chdir(tmp_path)
    for name in ("photos/cat.jpg", "photos/dog.png", "masks/cat.png", "masks/dog.png"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    return tmp_path


def plan(**values):
    return plan_jobs(config_from_values(InferenceConfig, values))


@pytest.mark.parametrize("given", ["trimap", "rect"])
def test_labels_are_those_of_a_mask(folders, given):
    value = "auto" if given == "rect" else "masks"
    with pytest.raises(InputError, match="--label chooses among the labels of a mask; give it wit"):
        plan(**{"rgb": "photos", given: value, "label": ("1",)})
    assert len(plan(rgb="photos", alpha="masks", label=("1",))) == 2


def test_without_input_it_is_the_demo(folders):
    (job,) = plan()
    assert (job.photo, job.mask) == (ASSETS / "sample_rgb.png", ASSETS / "sample_mask.png")
    assert job.truth == ASSETS / "sample_alpha.png"
    assert (job.matte, job.side_by_side) == (Path("alpha.png"), Path("alpha_side_by_side.png"))
    (job,) = plan(output="out/cat.png")
    assert job.side_by_side == Path("out/cat_side_by_side.png")
    (job,) = plan(output="out/", side_by_side="look.png")
    assert (job.matte, job.side_by_side) == (Path("out/sample_rgb.png"), Path("look.png"))


def test_one_photo_and_one_mask_need_no_common_name(folders):
    (job,) = plan(rgb="photos/cat.jpg", alpha="masks/dog.png")
    assert job == PhotoJob(Path("photos/cat.jpg"), Path("masks/dog.png"), Path("alpha.png"))


def test_one_photo_finds_its_mask_in_a_folder(folders):
    (job,) = plan(rgb="photos/dog.png", alpha="masks")
    assert job.mask == Path("masks/dog.png")


@pytest.mark.parametrize("photos", ["photos", "photos/", "photos/*", "p*/*.*", "**/photos/*"])
def test_folders_and_globs_are_paired_by_stem(folders, photos):
    jobs = plan(rgb=photos, trimap="masks/*.png", side_by_side="mattes")
    assert [(job.photo.name, job.mask.name) for job in jobs] == [
        ("cat.jpg", "cat.png"),
        ("dog.png", "dog.png"),
    ]
    assert [job.matte for job in jobs] == [Path("mattes/cat.png"), Path("mattes/dog.png")]
    assert jobs[0].side_by_side == Path("mattes/cat_side_by_side.png")


@pytest.mark.parametrize(
    "given", [("photos", "masks"), ("photos/*", "masks/*"), ("photos/cat.jpg", "masks")]
)
def test_one_file_of_a_folder_is_paired_by_its_name_as_many_are(folders, given):
    """A photo alone in its folder would get the mask of another."""
    Path("photos/dog.png").unlink()
    Path("masks/cat.png").unlink()
    with pytest.raises(InputError, match=r"no partner for photos/cat\.jpg;"):
        plan(rgb=given[0], alpha=given[1], output="out")
    (job,) = plan(rgb=given[0], alpha="masks/dog.png", output="out")  # it is named
    assert job.mask == Path("masks/dog.png")


def test_accents_are_one_name_however_they_are_stored(folders):
    """macOS stores é as e and an accent; an archive brings such names to every system."""
    decomposed = unicodedata.normalize("NFD", "caf\u00e9")
    Path(f"photos/{decomposed}.jpg").touch()
    Path("masks/caf\u00e9.png").touch()
    job = plan(rgb="photos", alpha="masks", output="mattes")[0]
    assert (job.photo.stem, job.mask.stem) == (decomposed, "caf\u00e9")
    assert job.matte == Path(f"mattes/{decomposed}.png")  # as the photo
    twins = [Path("photos/caf\u00e9.png"), Path(f"photos/{decomposed}.png")]
    with pytest.raises(InputError, match="have the same name but for how accents are stored; remo"):
        pair_by_stem(twins, [Path("masks/caf\u00e9.png")], "alpha", named=False)


def test_absolute_globs_and_names_with_brackets(folders):
    assert len(find_pictures("rgb", str(folders / "photos" / "*.[jp]*g"))) == 2
    (folders / "photo [1].png").touch()
    assert find_pictures("rgb", "photo [1].png") == [Path("photo [1].png")]


def test_a_rectangle_needs_no_mask_and_trimaps_are_written_where_asked(folders):
    jobs = plan(rgb="photos", rect="auto", save_trimap="seen")
    assert [job.mask for job in jobs] == [None, None]
    assert [job.save_trimap for job in jobs] == [
        Path("seen/cat_trimap.png"),
        Path("seen/dog_trimap.png"),
    ]
    (job,) = plan(save_trimap="t.png")
    assert job.save_trimap == Path("t.png")


@pytest.mark.parametrize(
    "output, expected",
    [
        ("cut.PNG", "cut.PNG"),
        ("new/cut.png", "new/cut.png"),
        ("new/", "new/cat.png"),
        ("new", "new/cat.png"),
        ("v1.5", "v1.5/cat.png"),
        ("masks", "masks/cat.png"),
    ],
)
def test_where_the_matte_of_one_photo_goes(folders, output, expected):
    (job,) = plan(rgb="photos/cat.jpg", alpha="masks/dog.png", output=output)
    assert job.matte == Path(expected)


@pytest.mark.parametrize(
    "values, sentence",
    [
        ({"alpha": "masks"}, "--rgb is missing"),
        ({"trimap": "masks"}, "--rgb is missing"),
        ({"rgb": "photos"}, "with --alpha or a trimap with --trimap"),
        ({"rgb": "photos", "alpha": "masks", "trimap": "masks"}, "not both"),
        ({"gt": "masks"}, "--rgb is missing"),
        ({"report": "r"}, "--report needs the ground truth"),
        ({"rgb": "photos", "alpha": "masks", "report": "r"}, "--report needs the ground truth"),
        ({"rgb": "photos", "alpha": "masks", "gt": "masks/cat.png"}, "--gt has no partner for"),
        ({"rgb": "photos", "rect": "auto", "alpha": "masks"}, "either --alpha or --rect, not both"),
        ({"rgb": "photos", "rect": "10,20"}, "--rect=10,20 is not possible"),
        ({"rect": "auto"}, "--rgb is missing"),
        ({"rgb": "photos", "alpha": "masks", "save_trimap": "a.png"}, "--save_trimap=a.png"),
        ({"rgb": "nowhere.png", "alpha": "masks"}, "--rgb=nowhere.png does not exist"),
        ({"rgb": "photos/*.gif", "alpha": "masks"}, "matches no picture"),
        ({"rgb": "photos", "alpha": "empty"}, "empty holds no pictures"),
        ({"rgb": "photos", "alpha": "masks/cat.png"}, "no partner for photos/dog.png;"),
        ({"rgb": "photos", "alpha": "masks", "output": "a.png"}, "one file for 2 photos"),
        ({"rgb": "photos", "alpha": "masks", "side_by_side": "a.png"}, "--side_by_side=a.png"),
        ({"rgb": "photos/cat.jpg", "alpha": "masks", "output": "a.jpg"}, "ending in .png"),
        ({"rgb": "photos/cat.jpg", "alpha": "masks", "output": "readme"}, "readme is a file"),
    ],
)
def test_refusals(folders, values, sentence):
    (folders / "empty").mkdir()
    (folders / "readme").touch()
    with pytest.raises(InputError, match=sentence.replace(".", r"\.")):
        plan(**values)


def test_truths_are_paired_by_stem_and_never_overwritten(folders):
    jobs = plan(rgb="photos", trimap="masks", gt="masks/*.png")
    assert [job.truth.name for job in jobs] == ["cat.png", "dog.png"]
    for name in ("cat", "dog"):
        Path("mattes").mkdir(exist_ok=True)
        Path(f"mattes/{name}.png").touch()
    with pytest.raises(InputError, match=r"mattes/cat\.png is an input and would be overwritten"):
        plan(rgb="photos", trimap="masks", gt="mattes")


def test_truths_without_a_photo_are_named(folders, capsys):
    Path("masks/zebra.png").touch()
    plan(rgb="photos", trimap="masks", gt="masks")
    assert capsys.readouterr().out == "No photo, so not in the mean: masks/zebra.png.\n"


@pytest.mark.parametrize("output", ["masks", "masks/", "photos/../masks", "new/../masks"])
def test_inputs_are_never_overwritten(folders, output):
    with pytest.raises(InputError, match=r"cat\.png is an input and would be overwritten"):
        plan(rgb="photos", alpha="masks", output=output)


def test_what_is_left_out_of_a_folder_is_told(folders, capsys):
    for name in ("cow.jp2", "hen.PSD", "dog.cr2", ".hidden.tga", "notes.txt"):
        (folders / "photos" / name).touch()
    (folders / "photos" / "album.png").mkdir()
    assert len(plan(rgb="photos", alpha="masks")) == 2
    told = "Left out, of kinds that are not read: photos/cow.jp2, photos/hen.PSD; convert to PNG.\n"
    assert capsys.readouterr().out == told
    assert len(plan(rgb="photos/*", alpha="masks")) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_inputs_are_never_overwritten_through_links(folders):
    (folders / "link.png").symlink_to(folders / "photos" / "dog.png")
    with pytest.raises(InputError, match=r"link\.png is an input"):
        plan(rgb="photos/dog.png", alpha="masks/dog.png", side_by_side="link.png")


def test_matte_and_picture_need_two_names(folders):
    with pytest.raises(InputError, match=r"a\.png would be written twice"):
        plan(rgb="photos/cat.jpg", alpha="masks", output="a.png", side_by_side="a.png")


def test_many_missing_partners_are_counted():
    photos = [Path(f"{name}.jpg") for name in "abcdefgh"]
    with pytest.raises(InputError, match=r"for a\.jpg, b\.jpg, c\.jpg, d\.jpg, e\.jpg and 2 more"):
        pair_by_stem(photos, [Path("h.png")], "alpha", named=False)


def test_two_spellings_of_one_target_are_one_target(folders):
    given = {"rgb": "photos/cat.jpg", "alpha": "masks/cat.png", "output": "out/cat.png"}
    with pytest.raises(InputError, match=r"cat\.png would be written twice"):
        plan(**given, cutout="masks/../out/cat.png")
    assert plan(**given, cutout="masks/../cut/cat.png")


@pytest.mark.parametrize("files", [{}, {"rgb": "photos/cat.jpg", "alpha": "masks/cat.png"}])
def test_the_picture_behind_is_never_overwritten(folders, files):
    Path("behind.png").touch()
    given = {"background": "behind.png", "cutout": "c.png", "composite": "behind.png"}
    with pytest.raises(InputError, match=r"behind\.png is an input and would be overwritten"):
        plan_jobs(config_from_values(InferenceConfig, given | files))


def test_what_was_made_of_a_photo_beside_it_is_no_photo(folders, capsys):
    made = ("cat_cutout.png", "dog_composite.png")
    for name in made:
        Path("photos", name).touch()
    Path("photos", "lone_cutout.png").touch()
    Path("masks", "lone_cutout.png").touch()
    jobs = plan_jobs(config_from_values(InferenceConfig, {"rgb": "photos", "alpha": "masks"}))
    names = [job.photo.name for job in jobs]
    assert "lone_cutout.png" in names and not set(made) & set(names)
    assert capsys.readouterr().out.count("left out, made of the photo beside it") == 2


def test_mattes_beside_their_photos_are_written_once_more(folders, capsys):
    Path("photos/dog.png").rename("photos/dog.jpg")
    config = {"rgb": "photos", "alpha": "masks", "output": "photos"}
    first = plan_jobs(config_from_values(InferenceConfig, config))
    for job in first:
        assert job.matte.parent == Path("photos") and job.matte != job.photo
        write_png(job.matte, np.zeros((4, 4), np.uint8), is_matte=True)
    assert plan_jobs(config_from_values(InferenceConfig, config)) == first
    assert capsys.readouterr().out.count("left out, the matte of the photo beside it") == len(first)
    write_png(first[0].matte, np.zeros((4, 4), np.uint8))  # not known to be one
    with pytest.raises(InputError, match="have the same name but for the suffix"):
        plan_jobs(config_from_values(InferenceConfig, config))


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_that_leads_nowhere_is_left_to_who_reads_it(folders):
    Path("photos/lost.png").symlink_to("gone.png")
    Path("masks/lost.png").touch()
    assert [job.photo.stem for job in plan(rgb="photos", alpha="masks")] == ["cat", "dog", "lost"]


def test_two_stars_go_into_folders(folders):
    Path("photos/deep/er").mkdir(parents=True)
    Path("photos/deep/er/fox.png").touch()
    names = [path.stem for path in find_pictures("rgb", "photos/**")]
    assert sorted(names) == ["cat", "dog", "fox"]
    assert find_pictures("rgb", "photos/**") == find_pictures("rgb", "photos/**/*")
