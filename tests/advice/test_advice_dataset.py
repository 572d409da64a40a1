"""What the offline step says of its flags, its sources and its folder, and what reads a dataset."""

import json
import re
import shutil
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dim_tf.commands.prepare import make_dataset
from dim_tf.config import ExampleConfig, OfflineConfig, TrainingConfig
from dim_tf.config.flags import config_from_arguments
from dim_tf.dataset.manifest import MANIFEST_NAME, read_manifest
from dim_tf.dataset.output_folder import SETTINGS_NAME
from dim_tf.examples.pipeline import open_dataset
from dim_tf.pictures.picture import read_stored
from dim_tf.pictures.writing import write_png
from dim_tf.synthetic import MATTE_KINDS, render_matte
from dim_tf.system.folder_lock import FolderLock
from dim_tf.training.validation import list_validation_images
from tests.advice.provoking import flags_in, refused, told

pytestmark = pytest.mark.usefixtures("sources")
ALPHA_EPS = "--alpha_dir=alpha", "--eps_dir=eps"
FOLDERS = *ALPHA_EPS, "--bg_dir=bg"
OUT = "--out_dir=out"
CUTOUTS = "--cutouts_dir=cutouts"
ADOBE = "--adobe_root=adobe", "--bg_dir=bg"
DAMAGED = b"\x89PNG but not much more"


def picture(seed, *shape):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@pytest.fixture
def sources(in_an_empty_folder, write_mask):
    """alpha and eps with two foregrounds, bg with three backgrounds, cutouts with two."""
    for number, name in enumerate(("cat", "dog")):
        write_mask(Path("alpha") / f"{name}.png")
        write_png(Path("eps") / f"{name}.png", picture(number, 40, 50, 3))
        alpha, colours = (read_stored(f"{folder}/{name}.png") for folder in ("alpha", "eps"))
        write_png(Path("cutouts") / f"{name}.png", np.dstack([colours, alpha]))
    for number in range(3):
        write_png(Path("bg") / f"place{number}.png", picture(number + 9, 40, 50, 3))


@pytest.fixture
def adobe(sources, write_mask):
    """The training part and the test part of a folder as Adobe ships it."""
    root = Path("adobe/Combined_Dataset")
    for part, folder in (
        ("Training_set", "Adobe-licensed images"),
        ("Training_set", "Other"),
        ("Test_set", "Adobe-licensed images"),
    ):
        for kind, source in (("alpha", "alpha"), ("fg", "eps")):
            target = root / part / folder / kind / f"{folder[:5]}.png"
            target.parent.mkdir(parents=True)
            shutil.copy(Path(source) / "cat.png", target)
    trimap = np.full((40, 50), 128, np.uint8)
    for copy in range(20):
        write_png(root / f"Test_set/Adobe-licensed images/trimaps/Adobe_{copy}.png", trimap)
    write_list("Training_set/training_fg_names.txt", "Adobe.png", "Other.png")
    write_list("Training_set/training_bg_names.txt", "place0.png")
    write_list("Test_set/test_fg_names.txt", "Adobe.png")
    write_list("Test_set/test_bg_names.txt", *["place1.png"] * 20)
    return root


def write_list(name, *lines):
    (Path("adobe/Combined_Dataset") / name).write_text("\n".join(lines) + "\n")


@pytest.fixture
def prepare():
    """What preprocess_offline.py does with these arguments, stopping at the first refused file."""

    def call(*arguments):
        usual = ["--workers=1", "--strict", "--noprogress"]
        if "--adobe_split=test" not in arguments:  # whose layout is not chosen
            usual += ["--pad=none", "--backgrounds_per_foreground=1"]
        config = config_from_arguments(OfflineConfig, [*usual, *arguments])
        return make_dataset(config)

    return call


# Which flags


@pytest.mark.parametrize(
    "given, advice, followed",
    [
        (FOLDERS, "--out_dir is missing; name the folder to write the dataset to.", [[OUT]]),
        ((*FOLDERS, "--out_dir=file"), "--out_dir={} is a file; give a folder.", [[OUT]]),
        (
            ("--bg_dir=bg", OUT),
            "either one or more of --alpha_dir with --eps_dir, --cutouts_dir and --synthetic=N, or "
            "--adobe_root.",
            [
                *(ALPHA_EPS, ["--synthetic=1"], ["--adobe_root=adobe"], [CUTOUTS]),
                *([*ALPHA_EPS, "--synthetic=1"], ["--synthetic=1", CUTOUTS]),
            ],
        ),
        ((*ALPHA_EPS, OUT), "--{} is missing; name its folder.", [["--bg_dir=bg"]]),
        (
            ("--alpha_dir=alpha", OUT),
            "--{} is missing; name its folder.",
            [["--eps_dir=eps", "--bg_dir=bg"]],
        ),
        (("--adobe_root=adobe", OUT), "--{} is missing; name its folder.", [["--bg_dir=bg"]]),
        (
            ("--synthetic=1", "--hold_out", OUT),
            "give such a folder, or leave --hold_out away.",
            [["--photos_dir=bg"], ["--bg_dir=bg"], ["--nohold_out"], [CUTOUTS, "--bg_dir=bg"]],
        ),
        (
            (*ADOBE, "--hold_out", OUT),
            "--hold_out does not go with --adobe_root, whose lists name its backgrounds; leave it "
            "out.",
            [["--nohold_out"]],
        ),
        (
            (CUTOUTS, OUT),
            "Backgrounds are missing; give a folder of photographs with --photos_dir or --bg_dir.",
            [["--photos_dir=bg"], ["--bg_dir=bg"]],
        ),
        (
            ("--synthetic=1", "--cutouts=2", "--photos_dir=bg", OUT),
            "--{} is about the foregrounds made of --cutouts_dir; give that folder, or leave --{} "
            "out.",
            [[CUTOUTS], ["--cutouts=0"]],
        ),
        (
            (*FOLDERS, "--joined_cutouts=0.1", OUT),
            "--{} is about the foregrounds made of --cutouts_dir; give that folder, or leave --{} "
            "out.",
            [[CUTOUTS], ["--joined_cutouts=0.3"]],
        ),
        (
            (*FOLDERS, "--adobe_split=test", OUT),
            "--adobe_split says which part of --adobe_root is made; give that folder, or leave "
            "--adobe_split out.",
            [["--adobe_split=train"]],
        ),
        (
            (CUTOUTS, "--bg_dir=bg", "--synthetic_kinds=hair", OUT),
            "--{} is about procedural mattes; leave it out, or give --synthetic as well.",
            [["--synthetic_kinds="], ["--synthetic=1"]],
        ),
        (
            (*FOLDERS, "--colour_patches=0.5", OUT),
            "--{} is about procedural mattes; leave it out, or give --synthetic as well.",
            [["--colour_patches=0"], ["--synthetic=1", "--photos_dir=bg"]],
        ),
        (
            (*ADOBE, "--mix=synthetic:1", OUT),
            "--mix does not go with --adobe_root; leave it out.",
            [["--mix="]],
        ),
        (
            ("--synthetic=1", CUTOUTS, "--photos_dir=bg", "--mix=synthetic=1", OUT),
            "--mix={} is not possible; write it like --mix=synthetic:0.5,cutouts:0.5, with",
            [["--mix=synthetic:0.5,cutouts:0.5"]],
        ),
        (
            ("--synthetic=1", CUTOUTS, "--photos_dir=bg", "--mix=synthetic:1", OUT),
            "name synthetic for --synthetic, cutouts for --cutouts_dir and folders for",
            [["--mix=synthetic:1,cutouts:1"]],
        ),
        (
            (CUTOUTS, "--bg_dir=bg", "--cutout_scale_max=0.4", OUT),
            "give a --cutout_scale_max that is at least --cutout_scale_min.",
            [["--cutout_scale_max=0.5"], ["--cutout_scale_max=0.9"]],
        ),
        (
            ("--cutouts_dir=cutout", "--bg_dir=bg", OUT),
            "--cutouts_dir={} is not a folder; check the path.",
            [[CUTOUTS]],
        ),
        (
            ("--cutouts_dir=adobe/Combined_Dataset/none", "--bg_dir=bg", OUT),
            "--cutouts_dir={} holds no pictures; check the path.",
            [[CUTOUTS]],
        ),
        ((*ALPHA_EPS, "--bg_dir=bgg", OUT), "is not a folder; check the path.", [["--bg_dir=bg"]]),
    ],
)
@pytest.mark.usefixtures("adobe")
def test_what_is_missing_is_given(prepare, given, advice, followed):
    Path("file").touch()
    Path("adobe/Combined_Dataset/none").mkdir()
    refused(advice, prepare, *given)
    for more in followed:
        assert prepare(*given, *more).pairs
        shutil.rmtree("out")


@pytest.mark.parametrize("flag", ["--seed=2", "--layout=original", "--pad=none"])
def test_of_the_official_test_set_nothing_is_chosen(adobe, prepare, flag):
    advice = (
        "--{} does not go with --adobe_split=test, whose pictures are made by the official recipe; "
        "leave it out."
    )
    given = *ADOBE, "--adobe_split=test", OUT
    refused(advice, prepare, *given, flag)
    assert prepare(*given).pairs


def test_photos_are_of_procedural_mattes_and_backgrounds_come_from_their_own_folder(prepare):
    advice = (
        "--photos_dir goes with --synthetic or --cutouts_dir only; backgrounds come from --bg_dir."
    )
    refused(advice, prepare, *ALPHA_EPS, "--bg_dir=bg", "--photos_dir=bg", OUT)
    assert prepare(*FOLDERS, OUT).pairs
    assert prepare("--synthetic=1", "--photos_dir=bg", "--out_dir=other").pairs
    assert prepare(CUTOUTS, "--photos_dir=bg", "--out_dir=third").pairs


def test_a_kind_of_matte_is_chosen(prepare):
    sentence = refused("There is no matte kind {}; choose among {}.", render_matte, "fir", 1, 64)
    named = re.search("choose among (.*)[.]", sentence)[1].split(", ")
    assert set(named) == set(MATTE_KINDS)
    for kind in named:
        render_matte(kind, 1, 64)


# Which files


@pytest.mark.parametrize(
    "advice, spoil, mend",
    [
        (
            "has no partner named {} in {}; a matte and its colours are paired by that name.",
            lambda: Path("eps/cat.png").rename("eps/cats.png"),
            lambda named: Path("eps/cats.png").rename("eps/cat.png"),
        ),
        (
            "{} and {} have the same name but for {}; remove one, files are paired by that name.",
            lambda: shutil.copy("bg/place0.png", "bg/place0.bmp"),
            lambda named: named.unlink(),
        ),
        (
            "has a name that not every system can store; rename it.",
            lambda: Path("bg/place0.png").rename("bg/a:b.png"),
            lambda named: named.rename("bg/place.png"),
        ),
        (
            "too long a strip for a background; crop it.",
            lambda: write_png("bg/place0.png", picture(1, 8, 90, 3)),
            lambda named: write_png(named, picture(1, 8, 80, 3)),
        ),
        (
            "everywhere; a matte needs an edge to learn from.",
            lambda: write_png("alpha/cat.png", np.zeros((40, 50), np.uint8)),
            lambda named: shutil.copy("alpha/dog.png", named),
        ),
        (
            "a matte is grey, 255 on the object, or a cut-out with transparency.",
            lambda: shutil.copy("eps/cat.png", "alpha/cat.png"),
            lambda named: shutil.copy("alpha/dog.png", named),
        ),
    ],
)
def test_a_source_that_is_refused_is_mended(prepare, advice, spoil, mend):
    spoil()
    sentence = refused(advice, prepare, *FOLDERS, OUT, "--backgrounds_per_foreground=3")
    mend(Path(sentence.split()[0]))
    summary = prepare(*FOLDERS, OUT, "--backgrounds_per_foreground=3")
    assert (summary.pairs, summary.refused) == (6, ())


def spoil_cut_out(source, target):
    Path("cutouts/cat.png").unlink()
    Image.open(source).save(target)


@pytest.mark.parametrize(
    "advice, spoil, mend",
    [
        *(
            (
                "give a transparent picture, or NAME.jpg with the colours and NAME.png with the",
                lambda: spoil_cut_out("eps/cat.png", "cutouts/cat.jpg"),
                mend,
            )
            for mend in (
                lambda named: [named.unlink(), shutil.copy("cutouts/dog.png", "cutouts/cat.png")],
                lambda named: shutil.copy("alpha/cat.png", named.with_suffix(".png")),
            )
        ),
        *(
            (
                "remove one, a pair is NAME.jpg with the colours and NAME.png with the matte.",
                lambda: Image.open("cutouts/cat.png").save("cutouts/cat.webp"),
                mend,
            )
            for mend in (
                lambda named: named.unlink(),
                lambda named: [
                    named.with_suffix(".webp").unlink(),
                    Image.open("eps/cat.png").save("cutouts/cat.jpg"),
                    shutil.copy("alpha/cat.png", "cutouts/cat.png"),
                ],
            )
        ),
        (
            "has a name that not every system can store; rename it.",
            lambda: shutil.copytree("cutouts", "cutouts/a:b"),
            lambda named: [named.rename("elsewhere"), shutil.rmtree("elsewhere")],
        ),
    ],
)
def test_a_cut_out_that_is_refused_is_mended(prepare, advice, spoil, mend):
    spoil()
    sentence = refused(advice, prepare, CUTOUTS, "--bg_dir=bg", OUT)
    mend(Path(sentence.split()[0]))
    summary = prepare(CUTOUTS, "--bg_dir=bg", OUT)
    assert (summary.foregrounds, summary.refused) == (2, ())


def test_backgrounds_that_can_be_used_again_need_another_folder_in_the_original_layout(prepare):
    """Its k-th files are on the background that was drawn k-th."""
    given = *FOLDERS, OUT, "--layout=original", "--backgrounds_per_foreground=1", "--nostrict"
    for file in sorted(Path("bg").iterdir())[1:]:
        file.rename(file.with_suffix(".whole"))
        file.write_bytes(b"damaged")
    assert prepare(*given).pairs == 2
    for file in Path("bg").glob("*.whole"):
        file.rename(file.with_suffix(".png"))
    sentence = refused(
        "{} was begun when other backgrounds could be used: {} is on {}, and {} is due there; give "
        "another --out_dir.",
        *(prepare, *given),
    )
    assert sentence.endswith("give another --out_dir.")
    summary = prepare(*given, "--out_dir=another")
    assert (summary.pairs, summary.refused) == (2, ())


def test_a_pair_with_a_name_that_is_taken_is_renamed(prepare):
    for folder in ("alpha", "eps"):
        Path(folder, "cat.png").rename(Path(folder, "cutout_000000_cutouts.png"))
    given = *FOLDERS, CUTOUTS, OUT
    advice = "has the name of a foreground that is made here; rename it."
    sentence = refused(advice, prepare, *given)
    named = Path(sentence.split()[0])
    for folder in ("alpha", "eps"):
        Path(folder, named.name).rename(Path(folder, "cat.png"))
    assert prepare(*given).foregrounds == 4


def test_exchanged_folders_are_exchanged(prepare):
    exchanged = "--alpha_dir=eps", "--eps_dir=alpha", "--bg_dir=bg", OUT
    refused("--alpha_dir and --eps_dir look exchanged: {}; exchange the two.", prepare, *exchanged)
    assert prepare(*FOLDERS, OUT).pairs == 2


def test_a_folder_of_mattes_is_given(prepare):
    refused(
        "{}; give a folder of mattes.",
        prepare,
        "--alpha_dir=eps",
        "--eps_dir=eps",
        "--bg_dir=bg",
        OUT,
    )
    assert prepare(*FOLDERS, OUT).pairs == 2


def test_a_turned_pair_without_a_flag_is_saved_as_it_is_seen(prepare):
    exif = Image.Exif()
    exif[0x0112] = 6
    for name in ("cat", "dog"):
        Image.new("RGB", (64, 64)).save(f"eps/{name}.png", exif=exif)
        alpha = np.zeros((64, 64), np.uint8)
        alpha[5:30, 9:50] = 255
        write_png(f"alpha/{name}.png", alpha)
    refused("save both as they are seen, without an EXIF orientation.", prepare, *FOLDERS, OUT)
    for name in ("cat", "dog"):
        Image.new("RGB", (64, 64)).save(f"eps/{name}.png")
    assert prepare(*FOLDERS, OUT).pairs == 2


# The folder that is written to


def test_a_folder_with_other_files_is_left_for_a_new_or_empty_one(prepare):
    Path("full").mkdir()
    Path("full/letter.txt").touch()
    Path("empty").mkdir()
    advice = "holds files that this script did not write; give a new or empty folder."
    refused(advice, prepare, *FOLDERS, "--out_dir=full")
    for folder in ("new", "empty"):
        assert prepare(*FOLDERS, f"--out_dir={folder}").pairs == 2


SETTINGS = (
    "--seed=2",
    "--layout=original",
    "--bg_dir=eps",
    "--synthetic_kinds=hair,fur",
    "--hold_out",
    "--colour_patches=0.4",
    "--shaded_colours=0.7",
    "--crisp_colours=0.7",
    "--textured_edges=0.6",
    "--crop_safety=center",
)


def change_a_setting(prepare, given, setting, begun_with_it):
    """Begins a dataset with or without a setting, goes on otherwise, and does what is said."""
    prepare(*given, *([setting] if begun_with_it else []))
    later = [] if begun_with_it else [setting]
    sentence = refused("do it as before or give another --out_dir.", prepare, *given, *later)
    assert prepare(*given, *later, "--out_dir=another").pairs
    as_before = re.search(r"was begun with(out)? (--\w+\S*), not ", sentence)
    prepare(*given, *([] if as_before[1] else [as_before[2]]))


@pytest.mark.parametrize("begun_with_it", [True, False])
@pytest.mark.parametrize("setting", ["--mix=synthetic:2,cutouts:1", "--joined_cutouts=0.5"])
def test_cut_outs_are_as_before_or_another_folder_given(prepare, setting, begun_with_it):
    change_a_setting(
        prepare, [OUT, "--synthetic=2", CUTOUTS, "--photos_dir=bg"], setting, begun_with_it
    )


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("begun_with_it", [True, False])
def test_it_is_done_as_before_or_another_folder_given(prepare, setting, begun_with_it):
    change_a_setting(prepare, [OUT, "--synthetic=1", "--photos_dir=bg"], setting, begun_with_it)


def test_the_photos_are_as_before_or_another_folder_given(prepare):
    given = [OUT, "--synthetic=1", "--photos_dir=bg"]
    prepare(*given)
    Path("bg/place0.png").rename("more.png")
    refused("do it as before or give another --out_dir.", prepare, *given)
    assert prepare(*given, "--out_dir=another").pairs
    Path("more.png").rename("bg/place0.png")
    prepare(*given)


def test_damaged_settings_need_another_folder(prepare):
    prepare(*FOLDERS, OUT)
    (Path("out") / SETTINGS_NAME).write_text("no JSON")
    refused("{} is damaged; give another --out_dir.", prepare, *FOLDERS, OUT)
    assert prepare(*FOLDERS, "--out_dir=another").pairs == 2


@pytest.mark.parametrize("another", [False, True])
def test_a_folder_in_use_is_waited_for_or_another_given(prepare, another):
    with FolderLock("out"):
        refused(
            "is in use by {}; wait until it ends, or give another folder.", prepare, *FOLDERS, OUT
        )
        if another:
            assert prepare(*FOLDERS, "--out_dir=another").pairs == 2
    if not another:
        assert prepare(*FOLDERS, OUT).pairs == 2


def test_where_a_lock_cannot_be_had_another_folder_is_given(prepare, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(FolderLock, "is_held", lambda lock: False)
        refused("cannot be locked; give another folder.", prepare, *FOLDERS, OUT)
    assert prepare(*FOLDERS, "--out_dir=another").pairs == 2


def test_after_a_process_died_fewer_workers_go_on(prepare, monkeypatch):
    def die(futures):
        raise BrokenProcessPool

    with monkeypatch.context() as patch:
        patch.setattr("dim_tf.system.jobs.as_completed", die)
        sentence = refused(
            "run again with fewer --workers, what is finished is kept.",
            prepare,
            *FOLDERS,
            OUT,
            "--workers=2",
        )
    assert "--workers" in sentence
    assert prepare(*FOLDERS, OUT, "--workers=1").pairs == 2


def test_what_was_interrupted_goes_on_with_the_same_command(prepare, monkeypatch, capsys):
    given = *FOLDERS, OUT

    def interrupt(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("dim_tf.dataset.offline.write_manifest", interrupt)
        with pytest.raises(KeyboardInterrupt):
            prepare(*given)
    told(
        "Every file in {} is complete; the same command goes on from here.", capsys.readouterr().err
    )
    assert prepare(*given).written == 0


# Adobe's folder


def test_the_root_is_the_folder_that_holds_the_lists(prepare, adobe):
    advice = "--adobe_root is the folder that holds {} with its name lists."
    sentence = refused(advice, prepare, f"--adobe_root={adobe}", "--bg_dir=bg", OUT)
    held = re.search("folder that holds (.*?) with", sentence)[1]
    (root,) = (path.parent for path in Path().rglob(held))
    assert prepare(f"--adobe_root={root}", "--bg_dir=bg", OUT).pairs == 2


def test_a_list_is_repaired(prepare, adobe):
    write_list("Training_set/training_fg_names.txt", "Adobe.png", "../secret.png")
    refused("which is no file name; repair the list.", prepare, *ADOBE, OUT)
    write_list("Training_set/training_fg_names.txt", "Adobe.png", "Other.png")
    assert prepare(*ADOBE, OUT).pairs == 2


def test_a_name_stands_in_a_list_once(prepare, adobe):
    write_list("Training_set/training_fg_names.txt", "Adobe.png", "Other.png", "Adobe.png")
    refused("the same name but for the suffix; remove one of them.", prepare, *ADOBE, OUT)
    write_list("Training_set/training_fg_names.txt", "Adobe.png", "Other.png")
    assert prepare(*ADOBE, OUT).pairs == 2


def test_the_official_lists_are_taken(prepare, adobe):
    write_list("Test_set/test_bg_names.txt", "place1.png")
    advice = "the official lists have {} backgrounds for each foreground."
    sentence = refused(advice, prepare, *ADOBE, OUT, "--adobe_split=test")
    count = int(re.search(r"lists have (\d+)", sentence)[1])
    write_list("Test_set/test_bg_names.txt", *["place1.png"] * count)
    assert prepare(*ADOBE, OUT, "--adobe_split=test").pairs == 20


def test_a_damaged_picture_of_adobes_is_replaced(prepare, adobe):
    file = adobe / "Test_set/Adobe-licensed images/trimaps/Adobe_3.png"
    whole = file.read_bytes()
    file.write_bytes(DAMAGED)
    refused(
        "is not a picture that can be read; is it damaged?",
        prepare,
        *ADOBE,
        OUT,
        "--adobe_split=test",
    )
    file.write_bytes(whole)
    assert prepare(*ADOBE, OUT, "--adobe_split=test").pairs == 20


# A dataset that is there


def manifest_with(**changes):
    path = Path("out") / MANIFEST_NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_dataset_is_made_or_finished(prepare):
    refused("make one with dim-tf prepare, or run that again to finish it.", read_manifest, "out")
    prepare(*FOLDERS, OUT)
    assert len(read_manifest("out")) == 2
    (Path("out") / MANIFEST_NAME).unlink()
    refused("make one with dim-tf prepare, or run that again to finish it.", read_manifest, "out")
    prepare(*FOLDERS, OUT)
    assert len(read_manifest("out")) == 2


@pytest.mark.parametrize(
    "changes, advice",
    [
        (
            {"format_version": 99},
            "make the dataset again with this version's dim-tf prepare.",
        ),
        ({"pairs": [[0, 7]]}, "is damaged: {}; run dim-tf prepare again."),
        ({"seed": "x"}, "is damaged: {}; run dim-tf prepare again."),
    ],
)
def test_a_manifest_is_written_again(prepare, changes, advice):
    prepare(*FOLDERS, OUT)
    manifest_with(**changes)
    refused(advice, read_manifest, "out")
    prepare(*FOLDERS, OUT)
    assert len(read_manifest("out")) == 2


def test_the_files_themselves_are_put_in_the_place_of_a_link(prepare):
    prepare(*FOLDERS, OUT)
    Path("out/alpha").rename("elsewhere")
    Path("out/alpha").symlink_to(Path("elsewhere").resolve())
    advice = "put the files themselves there, or do not use this dataset."
    refused("is a link out of the dataset's folder; " + advice, read_manifest, "out")
    Path("out/alpha").unlink()
    Path("elsewhere").rename("out/alpha")
    read_stored(read_manifest("out").alpha_path(0))


def test_foregrounds_are_named_as_the_manifest_lists_them(prepare):
    prepare(*FOLDERS, OUT)
    hard = ExampleConfig(hard_list="hard.txt")
    Path("hard.txt").write_text("cat.png\n")
    advice = "give names as its {} lists them, without suffix."
    refused(advice, open_dataset, "out", hard)
    Path("hard.txt").write_text(
        json.loads((Path("out") / MANIFEST_NAME).read_text())["foregrounds"][0]
    )
    assert len(open_dataset("out", hard)[0]) == 1
    Path("hard.txt").write_text("\n")
    refused(
        "The list of foregrounds to train on is empty; name at least one.",
        open_dataset,
        "out",
        hard,
    )
    Path("hard.txt").write_text("dog\n")
    assert len(open_dataset("out", hard)[0]) == 1


def test_the_test_set_is_what_a_run_validates_on(prepare, adobe):
    summary = prepare(*ADOBE, OUT, "--adobe_split=test")
    line = told("Validate on it with: dim-tf train {} and what else your run needs", str(summary))
    run = config_from_arguments(TrainingConfig, flags_in(line)).run
    assert len(list_validation_images(run.validation_dir)) == 20
