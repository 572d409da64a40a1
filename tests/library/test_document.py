"""The examples of docs/library.md do what it says, on small files under the names it uses."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import dim_tf
from dim_tf.config import InferenceConfig, with_values
from dim_tf.library.options import MattingOptions, ReadingOptions
from dim_tf.model.run_folder import checkpoint_path
from dim_tf.pictures.writing import write_png
from dim_tf.synthetic import foreground_colours, render_matte, render_texture
from tests.library.conftest import read_numbers

DOCUMENT = Path(__file__).parents[2] / "docs" / "library.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
EXAMPLES = dict(
    re.findall(r"^## ([^\n]+)\n\n```python\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)
)


@pytest.fixture
def folder(in_an_empty_folder, tmp_path, tiny_checkpoint):
    matte = render_matte("fur", 3, 96)
    colours = foreground_colours(matte, [], 3)
    weight = matte[..., None] / 255
    photo = (weight * colours + (1 - weight) * render_texture(1, (96, 96))).astype(np.uint8)
    mask = np.where(matte > 127, np.uint8(255), np.uint8(0))
    for name in ("photo.jpg", "photos/one.jpg", "photos/two.jpg"):
        Path(name).parent.mkdir(exist_ok=True)
        Image.fromarray(photo).save(name, quality=95)
    Path("photos/three.jpg").write_bytes(Path("photo.jpg").read_bytes()[:500])
    write_png("trimap.png", np.where((matte > 0) & (matte < 255), np.uint8(128), matte))
    masks = ("masks/one.png", "masks/two.png", "masks/three.png")
    for name in ("mask.png", *masks, *(f"frame_masks/{number:04d}.png" for number in range(3))):
        write_png(name, mask)
    video = cv2.VideoWriter("video.avi", cv2.VideoWriter.fourcc(*"MJPG"), 25, (96, 96))
    for _ in range(3):
        video.write(photo[..., ::-1])
    video.release()
    run = checkpoint_path(Path("runs/mine"), 2)
    run.parent.mkdir(parents=True)
    run.write_bytes(tiny_checkpoint.read_bytes())
    return tmp_path


def run(title):
    names = {}
    exec(compile(EXAMPLES[title], f"{DOCUMENT.name}: {title}", "exec"), names)
    return names


def test_each_is_found():
    assert len(EXAMPLES) == TEXT.count("```python") == 6


def test_one_photo(folder):
    from dim_tf.commands.matte import run_inference

    run("One photo")
    values = re.search(r"`python test.py --rgb=(\S+) --alpha=(\S+) --output=(\S+)`", TEXT).groups()
    files = dict(zip(("rgb", "alpha"), values[:2], strict=True))
    run_inference(with_values(InferenceConfig(), **files, output="command.png"))
    np.testing.assert_array_equal(read_numbers(values[2]), read_numbers("command.png"))


def test_a_folder(folder, capsys):
    run("A folder, with a pool")
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(" is ")[0] for line in lines] == [
        f"photos/{name}.jpg" for name in ("one", "three", "two")
    ]
    assert "cut short" in lines[1] and lines[2].endswith("is cut out.")
    assert sorted(path.name for path in Path("cutouts").iterdir()) == ["one.png", "two.png"]
    assert read_numbers("cutouts/one.png").shape == (96, 96, 4)


@pytest.mark.filterwarnings("ignore:.*GrabCut took")
def test_a_notebook(folder):
    names = run("A picture in a notebook")
    assert isinstance(names["cutout"], Image.Image) and names["cutout"].mode == "RGBA"
    np.testing.assert_array_equal(read_numbers("cutout.png"), np.asarray(names["cutout"]))


def test_a_network_of_ones_own(folder, tiny_checkpoint):
    names = run("A network of your own")
    assert names["model"].config.width == 1 / 16
    by_checkpoint = dim_tf.matte("photo.jpg", trimap="trimap.png", checkpoint="runs/mine")
    np.testing.assert_array_equal(by_checkpoint, read_numbers("matte.png"))


def test_a_video(folder):
    run("Frames of a video, in order")
    mattes = [read_numbers(f"frame_mattes/{number:04d}.png") for number in range(3)]
    assert mattes[0].shape == (96, 96) and 0 < np.mean(mattes[0] == 255) < 1
    np.testing.assert_array_equal(mattes[2], mattes[0])


def test_floats(folder):
    names = run("Floats, and how sure the network is")
    for floats in (names["alpha"], names["sure"]):
        assert floats.dtype == np.float32 and 0 <= floats.min() <= floats.max() <= 1
    np.testing.assert_array_equal(read_numbers("matte.png"), np.round(names["alpha"] * 255))


def test_every_option_is_named():
    table = TEXT.partition("## Options")[2].partition("`precision` is")[0]
    rows = [row for row in table.splitlines() if row.startswith("| `")]
    named = [set(re.findall(r"`(\w+)`", row)) for row in rows]
    assert set().union(*named) == MattingOptions.__annotations__.keys()
    assert named[0] == ReadingOptions.__annotations__.keys()
