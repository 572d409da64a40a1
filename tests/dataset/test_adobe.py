import json
import math
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dim_tf.commands.matte import run_inference
from dim_tf.commands.prepare import make_dataset
from dim_tf.config import InferenceConfig, OfflineConfig, with_values
from dim_tf.dataset.manifest import read_manifest
from dim_tf.evaluation.metrics import sad
from dim_tf.pictures.matte import read_grey
from dim_tf.pictures.photo import read_rgb
from dim_tf.pictures.picture import read_picture, read_stored
from dim_tf.pictures.writing import write_png
from dim_tf.system.errors import InputError

PARTS = ("Adobe-licensed images", "Other")
COPIES = 20


def picture(seed, *shape):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def write_lines(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture
def training(tmp_path):
    """A made-up training set in the official layout, with its quirks."""
    root = tmp_path / "adobe" / "Combined_Dataset" / "Training_set"
    for number, (part, alpha, fg) in enumerate(
        [
            (PARTS[0], "girl.png", "girl.png"),
            (PARTS[1], "net.png", "net.jpg"),
            (PARTS[1], "spare.png", "spare.png"),
        ]
    ):
        write_png(root / part / "alpha" / alpha, picture(number, 20, 30))
        write_png(root / part / "fg" / fg, picture(number + 5, 20, 30, 3))
    write_lines(root / "training_fg_names.txt", ["net.jpg", "girl.png"])
    names = ["COCO_train2014_000000000001.jpg", "COCO_train2014_000000000002.jpg"]
    write_lines(root / "training_bg_names.txt", names)
    for number, name in enumerate((names[0], "000000000002.jpg", "unlisted.jpg")):
        write_png(tmp_path / "coco" / name, picture(number + 9, 24, 40, 3))
    return with_values(
        OfflineConfig(),
        out_dir=str(tmp_path / "out"),
        adobe_root=str(tmp_path / "adobe"),
        bg_dir=str(tmp_path / "coco"),
        pad="none",
        workers=1,
        progress=False,
    )


@pytest.fixture
def test_set(tmp_path):
    """A made-up test set: backgrounds smaller, larger and in one direction smaller.

    The lists are not in the order of the alphabet, one background is grey and one has an EXIF tag.
    """
    root = tmp_path / "adobe" / "Combined_Dataset" / "Test_set"
    folder = root / PARTS[0]
    sizes = {"veil.png": (18, 47), "dandelion-1.png": (31, 22)}
    for number, (name, size) in enumerate(sizes.items()):
        matte = picture(number, *size)
        matte[:6], matte[6:9] = 0, 255
        write_png(folder / "alpha" / name, matte)
        write_png(folder / "fg" / name, picture(number + 5, *size, 3))
        for copy in range(COPIES):
            trimap = np.full(size, 128, np.uint8)
            trimap[:, :copy] = 0
            write_png(folder / "trimaps" / name.replace(".png", f"_{copy}.png"), trimap)
    write_lines(root / "test_fg_names.txt", sizes)
    names = [f"2008_{7 * number % 40:06d}.png" for number in range(2 * COPIES)]
    names[3] = "2008_turned.jpg"
    write_lines(root / "test_bg_names.txt", names)
    for number, name in enumerate(names):
        size = [(12, 15), (60, 60), (40, 11), (20, 90)][number % 4]
        write_png(tmp_path / "voc" / name, picture(number + 50, *size, 3))
    write_png(tmp_path / "voc" / names[5], picture(49, 25, 30))
    exif = Image.Exif()
    exif[0x0112] = 6  # the official recipe does not turn it
    Image.fromarray(picture(48, 25, 30, 3)).save(tmp_path / "voc" / names[3], exif=exif)
    return with_values(
        OfflineConfig(),
        out_dir=str(tmp_path / "made of it"),
        adobe_root=str(tmp_path / "adobe"),
        adobe_split="test",
        bg_dir=str(tmp_path / "voc"),
        workers=1,
        progress=False,
    )


def official_pixels(fg_file, alpha_file, bg_file):
    """The authors' recipe, pixel by pixel in plain Python."""
    fg, alpha, bg = Image.open(fg_file), Image.open(alpha_file), Image.open(bg_file)
    w, h = fg.size
    if bg.mode != "RGB":
        bg = bg.convert("RGB")
    bw, bh = bg.size
    wratio, hratio = w / bw, h / bh
    ratio = wratio if wratio > hratio else hratio
    if ratio > 1:
        bg = bg.resize((math.ceil(bw * ratio), math.ceil(bh * ratio)), Image.BICUBIC)
    bg = bg.crop((0, 0, w, h))
    for y in range(h):
        for x in range(w):
            a = alpha.getpixel((x, y)) / 255
            f, b = fg.getpixel((x, y)), bg.getpixel((x, y))
            if a >= 1:
                bg.putpixel((x, y), f)
            elif a > 0:
                bg.putpixel((x, y), tuple(int(a * f[c] + (1 - a) * b[c]) for c in range(3)))
    return np.asarray(bg)


def test_the_test_set_is_the_official_composition(test_set, tmp_path):
    summary = make_dataset(test_set)
    assert (summary.pairs, summary.written, summary.refused) == (40, 120, ())
    source = tmp_path / "adobe" / "Combined_Dataset" / "Test_set" / PARTS[0]
    out = tmp_path / "made of it"
    for kind in ("rgb", "trimap", "alpha"):
        assert len(list((out / kind).iterdir())) == 40
    background_names = (source.parent / "test_bg_names.txt").read_text().split()
    for number, stem in enumerate(("veil", "dandelion-1")):
        files = source / "fg" / f"{stem}.png", source / "alpha" / f"{stem}.png"
        for copy in range(COPIES):
            background = tmp_path / "voc" / background_names[number * COPIES + copy]
            expected = official_pixels(*files, background)
            name = f"{stem}_{copy}.png"
            np.testing.assert_array_equal(read_rgb(out / "rgb" / name), expected)
            np.testing.assert_array_equal(read_grey(out / "alpha" / name), read_grey(files[1]))
            np.testing.assert_array_equal(
                read_grey(out / "trimap" / name), read_grey(source / "trimaps" / name)
            )
            assert read_picture(out / "trimap" / name).is_own
            assert read_picture(out / "alpha" / name).has_shades
            assert not read_picture(out / "rgb" / name).is_own


def test_the_test_set_is_measured_with_its_own_trimaps(test_set, tmp_path, tiny_checkpoint):
    summary = make_dataset(test_set)
    told = next(note for note in summary.notes if "dim-tf measure" in note)
    flags = [word[2:].split("=", 1) for word in shlex.split(told) if word.startswith("--")]
    run_inference(
        with_values(
            InferenceConfig(),
            **dict(flags),
            checkpoint=str(tiny_checkpoint),
            output=str(tmp_path / "mattes"),
            report=str(tmp_path / "report"),
            sheets=1,
        )
    )
    content = json.loads((tmp_path / "report" / "metrics.json").read_text())
    assert len(content["images"]) == 40
    source = tmp_path / "adobe" / "Combined_Dataset" / "Test_set" / PARTS[0]
    for row in content["images"]:
        matte = read_stored(tmp_path / "mattes" / f"{row['image']}.png")
        alpha = read_grey(source / "alpha" / f"{row['image'].rsplit('_', 1)[0]}.png")
        trimap = read_grey(source / "trimaps" / f"{row['image']}.png")
        assert row["SAD"] == sad(matte, alpha, trimap)


def test_the_test_set_is_resumable(test_set, tmp_path):
    make_dataset(test_set)
    lost = tmp_path / "made of it" / "rgb" / "veil_3.png"
    before = lost.read_bytes()
    lost.unlink()
    summary = make_dataset(test_set)
    assert (summary.written, summary.present) == (1, 119)
    assert lost.read_bytes() == before


def test_missing_and_broken_files_of_the_test_set_are_named(test_set, tmp_path):
    folder = tmp_path / "adobe" / "Combined_Dataset" / "Test_set" / PARTS[0]
    (folder / "trimaps" / "veil_2.png").unlink()
    (tmp_path / "voc" / "2008_000007.png").unlink()
    (tmp_path / "voc" / "2008_000006.png").write_text("no picture")
    deep = picture(3, 18, 47).astype(np.uint16) * 257
    Image.fromarray(deep).save(folder / "trimaps" / "veil_4.png")
    write_png(tmp_path / "voc" / "2008_000002.png", picture(3, 18, 47, 3).astype(np.uint16) * 257)
    summary = make_dataset(test_set)
    assert summary.pairs == 35
    assert len(summary.refused) == 5
    for sentence in (
        "veil_2.png is not in",
        "2008_000007.png of test_bg_names.txt is not in",
        "2008_000006.png is not a picture",
        "veil_4.png has more than 8 bits",
    ):
        assert sentence in str(summary)


def test_lists_that_do_not_fit_together_are_refused(test_set, tmp_path):
    root = tmp_path / "adobe" / "Combined_Dataset" / "Test_set"
    write_lines(root / "test_bg_names.txt", ["2008_000000.png"])
    with pytest.raises(InputError, match="lists 2 foregrounds and 1 backgrounds"):
        make_dataset(test_set)
    write_lines(root / "test_bg_names.txt", ["../../secret.png"])
    with pytest.raises(InputError, match="which is no file name"):
        make_dataset(test_set)


def test_lists_without_names_are_refused(test_set, tmp_path):
    for name in ("test_fg_names.txt", "test_bg_names.txt"):
        (tmp_path / "adobe" / "Combined_Dataset" / "Test_set" / name).write_text("\n")
    with pytest.raises(InputError, match=r"No test image could be made: test_fg_names\.txt names"):
        make_dataset(test_set)


def test_the_training_lists_decide_what_is_used(training):
    summary = make_dataset(training)
    manifest = read_manifest(training.out_dir)
    assert manifest.foregrounds == ("net", "girl")
    assert manifest.backgrounds == ("000000000002", "COCO_train2014_000000000001")
    assert (summary.pairs, summary.refused) == (4, ())
    assert read_grey(manifest.alpha_path(0)).shape == (427, 640)  # of 20 x 30


def test_missing_training_files_are_named(training, tmp_path):
    root = tmp_path / "adobe" / "Combined_Dataset" / "Training_set"
    (root / PARTS[1] / "fg" / "net.jpg").unlink()
    (tmp_path / "coco" / "000000000002.jpg").unlink()
    summary = make_dataset(training)
    assert (summary.foregrounds, summary.backgrounds) == (1, 1)
    assert "net.jpg of training_fg_names.txt is not in" in str(summary)
    assert "1 of the 2 backgrounds of training_bg_names.txt are not in" in str(summary)


def test_a_folder_that_is_not_the_adobe_dataset_is_refused(training, tmp_path):
    (tmp_path / "adobe" / "Combined_Dataset").rename(tmp_path / "adobe" / "Elsewhere")
    with pytest.raises(InputError, match="--adobe_root is the folder that holds Combined_Dataset"):
        make_dataset(training)


def test_a_doubled_name_is_refused_and_the_dataset_can_be_read(training):
    """Two foregrounds of one name would share their files, and no manifest lists a name twice."""
    path = Path(training.adobe.adobe_root) / "Combined_Dataset/Training_set/training_fg_names.txt"
    write_lines(path, ["net.jpg", "girl.png", "net.png", "girl.png"])
    summary = make_dataset(training)
    assert list(summary.refused) == [
        f"training_fg_names.txt lists {first} and again {again}, the same name but for the suffix; "
        "remove one of them."
        for first, again in (("net.jpg", "net.png"), ("girl.png", "girl.png"))
    ]
    assert read_manifest(training.out_dir).foregrounds == ("net", "girl")


def test_a_doubled_name_of_the_test_set_is_refused(test_set):
    """Its images would be called like those of the first, on other backgrounds."""
    root = Path(test_set.adobe.adobe_root) / "Combined_Dataset/Test_set"
    write_lines(root / "test_fg_names.txt", ["veil.png", "veil.png"])
    summary = make_dataset(test_set)
    assert summary.pairs == COPIES
    assert any("lists veil.png and again veil.png" in refusal for refusal in summary.refused)
    with pytest.raises(InputError, match=r"lists veil\.png and again veil\.png"):
        make_dataset(with_values(test_set, strict=True))
