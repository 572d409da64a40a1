import os
import shutil
import time

import numpy as np
import pytest

from dim_tf.commands.prepare import make_dataset
from dim_tf.config import ExampleConfig, OfflineConfig, with_values
from dim_tf.dataset import decoded
from dim_tf.dataset.decoded import fastest_path, without_empty_rim, write_decoded_copies
from dim_tf.dataset.manifest import read_manifest
from dim_tf.examples.pipeline import open_dataset, training_examples
from dim_tf.pictures.matte import read_grey
from dim_tf.pictures.photo import read_rgb
from dim_tf.pictures.writing import write_bmp, write_png
from dim_tf.system.errors import InputError
from dim_tf.system.files import WriteError
from dim_tf.system.folder_lock import FolderLock

# They share a dataset that takes seconds to make.
pytestmark = pytest.mark.xdist_group("decoded")


@pytest.fixture(scope="module")
def untouched_dataset(tmp_path_factory):
    out_dir = tmp_path_factory.mktemp("untouched") / "data"
    config = with_values(
        OfflineConfig(),
        out_dir=str(out_dir),
        synthetic=3,
        backgrounds_per_foreground=2,
        workers=1,
        progress=False,
    )
    make_dataset(config)
    return out_dir


@pytest.fixture
def dataset(untouched_dataset, tmp_path):
    return read_manifest(shutil.copytree(untouched_dataset, tmp_path / "data"))


def copies_of(manifest):
    return sorted((manifest.data_dir / decoded.DECODED_FOLDER).rglob("*.bmp"))


def shapes(pictures):
    return [picture.shape for picture in pictures]


def batches_of(manifest):
    manifest, config = open_dataset(str(manifest.data_dir), ExampleConfig(input_size=64))
    return training_examples(manifest, config, seed=3, batch_size=1).take(6)


def examples_of(manifest):
    return list(batches_of(manifest).as_numpy_iterator())


def assert_equal(examples, others):
    for example, other in zip(examples, others, strict=True):
        assert example.keys() == other.keys()
        for name in example:
            np.testing.assert_array_equal(example[name], other[name], name)


def test_examples_from_copies_and_from_pngs_are_identical(dataset):
    from_pngs = examples_of(dataset)
    assert write_decoded_copies(dataset, 1, workers=1, progress=False) == 9
    png = dataset.alpha_path(0)
    assert fastest_path(dataset.data_dir, png).suffix == ".bmp"
    assert_equal(from_pngs, examples_of(dataset))


@pytest.mark.parametrize("gone", ["", "alpha", "bg"])
def test_copies_may_be_gone_when_they_are_read(dataset, gone):
    """As where the machine of a tf.data service has a dataset of its own, or another run has less
    room for them."""
    from_pngs = examples_of(dataset)
    write_decoded_copies(dataset, 1, workers=1, progress=False)
    batches = batches_of(dataset)
    shutil.rmtree(dataset.data_dir / decoded.DECODED_FOLDER / gone)
    assert_equal(from_pngs, list(batches.as_numpy_iterator()))


@pytest.mark.parametrize("kind", ["alpha", "eps"])
def test_a_matte_and_its_colours_are_both_copies_or_none(dataset, kind):
    """The other may not be there yet, or no longer, while another run writes or deletes them."""
    from_pngs = examples_of(dataset)
    write_decoded_copies(dataset, 1, workers=1, progress=False)
    for copy in (dataset.data_dir / decoded.DECODED_FOLDER / kind).iterdir():
        copy.unlink()
    assert_equal(from_pngs, examples_of(dataset))


@pytest.mark.parametrize("left", [0, 1, 3, 2000])
def test_a_copy_that_was_cut_is_none_and_is_written_again(dataset, left):
    write_decoded_copies(dataset, 10, workers=1, progress=False)
    pngs = dataset.alpha_path(0), dataset.background_path(0)
    whole = []
    for png in pngs:
        copy = fastest_path(dataset.data_dir, png)
        assert copy.suffix == ".bmp"
        whole.append((copy, copy.read_bytes()))
        copy.write_bytes(whole[-1][1][:left])
        os.utime(copy, ns=(png.stat().st_mtime_ns,) * 2)  # as a disk may that lost its blocks
        assert fastest_path(dataset.data_dir, png) == png
    write_decoded_copies(dataset, 10, workers=1, progress=False)
    assert all(copy.read_bytes() == content for copy, content in whole)


def test_a_matte_whose_colours_get_no_copy_has_none(dataset, monkeypatch):
    def full(path, picture):
        if path.parent.name == "eps":
            raise WriteError(f"{path} cannot be written: No space left on device.")
        write_bmp(path, picture)

    monkeypatch.setattr(decoded, "write_bmp", full)
    with pytest.raises(InputError, match="No space left"):
        write_decoded_copies(dataset, 1, workers=1, progress=False)
    for pair in range(len(dataset)):
        png = dataset.alpha_path(pair)
        assert fastest_path(dataset.data_dir, png) == png


def test_an_example_is_as_large_as_a_background_that_is_black_around_its_middle(dataset):
    """And a copy that an older version cut is written again."""
    for index in range(len(dataset)):
        png = dataset.background_path(index)
        background = np.zeros_like(read_rgb(png))
        background[500:700, 500:700] = 90
        write_png(png, background)
    from_pngs = examples_of(dataset)
    assert write_decoded_copies(dataset, 1, workers=1, progress=False) == 9
    cut = fastest_path(dataset.data_dir, png)
    modified = cut.stat().st_mtime_ns
    write_bmp(cut, background[320:960, 320:960])
    os.utime(cut, ns=(modified, modified))
    assert write_decoded_copies(dataset, 1, workers=1, progress=False) == 1
    assert_equal(from_pngs, examples_of(dataset))


def test_copies_hold_the_pixels_of_the_pngs_without_the_empty_rim(dataset):
    write_decoded_copies(dataset, 1, workers=1, progress=False)
    eps = read_rgb(dataset.eps_path(0))
    copy = read_rgb(fastest_path(dataset.data_dir, dataset.eps_path(0)))
    assert copy.shape == (640, 640, 3)
    np.testing.assert_array_equal(copy, eps[320:960, 320:960])
    background = dataset.background_path(0)
    np.testing.assert_array_equal(
        read_rgb(fastest_path(dataset.data_dir, background)), read_rgb(background)
    )


def test_a_second_call_writes_only_what_is_missing_or_older(dataset):
    write_decoded_copies(dataset, 1, workers=1, progress=False)
    assert write_decoded_copies(dataset, 1, workers=1, progress=False) == 0
    copies_of(dataset)[0].unlink()  # a matte: it is written again together with its colours
    png = dataset.background_path(0)
    os.utime(png, ns=(time.time_ns(), png.stat().st_mtime_ns + 10**9))
    assert fastest_path(dataset.data_dir, png) == png
    assert write_decoded_copies(dataset, 1, workers=1, progress=False) == 3


def test_a_killed_process_leaves_nothing_and_another_one_is_not_disturbed(dataset):
    folder = dataset.data_dir / "decoded"
    folder.mkdir()
    (folder / ".dim_tf.killed.part").write_bytes(b"half")
    with FolderLock(folder):
        assert write_decoded_copies(dataset, 1, workers=1, progress=False) == 0
    assert write_decoded_copies(dataset, 1, workers=1, progress=False) == 9
    assert not list(folder.rglob(".*"))
    dataset.data_dir.chmod(0o500)  # nothing is to be written: nothing is
    assert write_decoded_copies(dataset, 1, workers=1, progress=False) == 0
    dataset.data_dir.chmod(0o700)


@pytest.mark.parametrize(
    ("gigabytes", "count"), [(0, 0), (4 * 640 * 640 / 1e9, 0), (10 * 640 * 640 / 1e9, 4)]
)
def test_copies_stay_within_their_share_of_the_disk(dataset, gigabytes, count):
    assert write_decoded_copies(dataset, gigabytes, workers=1, progress=False) == count
    kept = sum(path.stat().st_size for path in copies_of(dataset))
    assert kept <= gigabytes * 1e9
    # What is there already counts: a second call does not fill up the rest.
    assert write_decoded_copies(dataset, gigabytes, workers=1, progress=False) == 0


def test_copies_without_a_picture_or_without_room_are_deleted(dataset):
    write_decoded_copies(dataset, 1, workers=1, progress=False)
    folder = dataset.data_dir / decoded.DECODED_FOLDER
    gone = shutil.copy(copies_of(dataset)[0], folder / "alpha" / "gone.bmp")
    (folder / "notes.txt").touch()  # is no copy
    assert write_decoded_copies(dataset, 1, workers=1, progress=False) == 0
    assert gone not in copies_of(dataset) and len(copies_of(dataset)) == 9
    gigabytes = 10 * 640 * 640 / 1e9
    assert write_decoded_copies(dataset, gigabytes, workers=1, progress=False) == 0
    assert {path.parent.name for path in copies_of(dataset)} == {"alpha", "eps"}
    assert sum(path.stat().st_size for path in copies_of(dataset)) <= gigabytes * 1e9
    assert write_decoded_copies(dataset, 0, workers=1, progress=False) == 0
    assert not copies_of(dataset) and (folder / "notes.txt").exists()


def test_copies_on_a_disk_that_is_only_read_stay(dataset, monkeypatch):
    def refused(folder):
        raise WriteError(f"{folder} cannot be written: Read-only file system.")

    write_decoded_copies(dataset, 1, workers=1, progress=False)
    monkeypatch.setattr(decoded, "FolderLock", refused)
    assert write_decoded_copies(dataset, 0, workers=1, progress=False) == 0
    assert len(copies_of(dataset)) == 9
    copies_of(dataset)[0].unlink()
    with pytest.raises(InputError, match="Read-only"):
        write_decoded_copies(dataset, 1, workers=1, progress=False)


def test_a_full_disk_gets_no_copies(dataset, monkeypatch):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(decoded.shutil, "disk_usage", lambda _: usage)
    assert write_decoded_copies(dataset, 1, workers=1, progress=False) == 0


def test_a_damaged_png_gets_no_copy_and_is_left_to_training_to_name(dataset):
    dataset.alpha_path(0).write_bytes(b"no picture")
    assert write_decoded_copies(dataset, 1, workers=1, progress=False) == 7
    assert fastest_path(dataset.data_dir, dataset.alpha_path(0)) == dataset.alpha_path(0)


def test_a_rim_that_is_not_empty_stays():
    picture = np.zeros((1000, 900), np.uint8)
    picture[500, 450] = 9
    colours = np.zeros((1000, 900, 3), np.uint8)
    assert shapes(without_empty_rim([picture, colours])) == [(640, 640), (640, 640, 3)]
    colours[0, 0] = 1
    assert shapes(without_empty_rim([picture, colours])) == [(1000, 900), (1000, 900, 3)]
    small = np.ones((30, 900, 3), np.uint8)
    assert shapes(without_empty_rim([small])) == [(30, 900, 3)]


def test_grey_copies_are_grey(dataset):
    write_decoded_copies(dataset, 1, workers=1, progress=False)
    np.testing.assert_array_equal(
        read_grey(fastest_path(dataset.data_dir, dataset.alpha_path(0))),
        read_grey(dataset.alpha_path(0))[320:960, 320:960],
    )
