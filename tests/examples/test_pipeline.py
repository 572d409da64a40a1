import dataclasses
import os
import shutil
import zlib

import numpy as np
import pytest
import tensorflow as tf

from dim_tf.commands.prepare import make_dataset
from dim_tf.config import ExampleConfig, OfflineConfig, with_values
from dim_tf.dataset.decoded import fastest_path, write_decoded_copies
from dim_tf.dataset.manifest import Manifest, pairs_array, write_manifest
from dim_tf.examples.pipeline import (
    Share,
    dataset_error,
    open_dataset,
    pair_of_example,
    training_examples,
    what_is_wrong,
)
from dim_tf.pictures.picture import read_stored
from dim_tf.pictures.writing import write_png
from dim_tf.system.errors import InputError

CONFIG = ExampleConfig(crop_sizes=(48, 64), input_size=32, trimap_kernel_min=5, trimap_kernel_max=9)
FOREGROUNDS, BACKGROUNDS = ("cat", "dog", "elk"), ("lake", "moor")


def noise(seed, *shape):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def disc(height, width, soft=6):
    y, x = np.mgrid[:height, :width]
    distance = np.hypot((y - height / 2) / height, (x - width / 2) / width) * min(height, width)
    return np.clip(255 * (min(height, width) / 3 - distance) / soft + 128, 0, 255).astype(np.uint8)


def write_dataset(folder, foregrounds):
    """Foregrounds on two backgrounds, 96 pixels a side."""
    for seed, name in enumerate(foregrounds):
        width = 96 - 8 * (seed % 3)
        write_png(folder / "alpha" / f"{name}.png", disc(96, width))
        write_png(folder / "eps" / f"{name}.png", noise(seed, 96, width, 3))
    for seed, name in enumerate(BACKGROUNDS):
        write_png(folder / "bg" / f"{name}.png", noise(10 + seed, 96, 100, 3))
    write_manifest(
        Manifest(
            data_dir=folder,
            layout="compact",
            pad="none",
            crop_safety="pull_back",
            foregrounds=foregrounds,
            backgrounds=BACKGROUNDS,
            pairs=pairs_array([(f, b) for f in range(len(foregrounds)) for b in range(2)]),
            seed=1,
        )
    )
    return folder


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """Three foregrounds; tests must not change it."""
    return write_dataset(tmp_path_factory.mktemp("data"), FOREGROUNDS)


def take(data_dir, count, config=CONFIG, **arguments):
    manifest, config = open_dataset(str(data_dir), config)
    arguments = {"seed": 1, "batch_size": 2} | arguments
    batches = training_examples(manifest, config, **arguments).take(count)
    return list(batches.as_numpy_iterator())


# To open a dataset takes seconds, to read on from it next to nothing: these are read once.


@pytest.fixture(scope="module")
def twos(data_dir):
    """The first seven batches of two."""
    return take(data_dir, 7)


@pytest.fixture(scope="module")
def ones(data_dir):
    """The first six batches of one."""
    return take(data_dir, 6, batch_size=1)


def assert_equal(actual, expected):
    assert len(actual) == len(expected)
    for batch, other in zip(actual, expected, strict=True):
        assert batch.keys() == other.keys()
        for name, array in batch.items():
            np.testing.assert_array_equal(array, other[name], name)


# Order


@pytest.mark.parametrize("pairs", [1, 2, 3, 7, 100])
def test_every_epoch_is_a_permutation(pairs):
    for epoch in range(3):
        indices = range(epoch * pairs, (epoch + 1) * pairs)
        drawn = [int(pair_of_example(index, pairs, seed=1)) for index in indices]
        assert sorted(drawn) == list(range(pairs))


def test_order_differs_between_epochs_and_between_seeds():
    def order(first, seed):
        return tuple(int(pair_of_example(first + i, 50, seed)) for i in range(50))

    orders = {order(0, 1), order(50, 1), order(100, 1), order(0, 2), order(50, 2)}
    assert len(orders) == 5
    assert tuple(range(50)) not in orders


def test_order_is_shuffled_well_enough():
    """A pair's place in one epoch says nothing about its place in the next."""
    places = np.array(
        [[int(pair_of_example(e * 200 + i, 200, 1)) for i in range(200)] for e in range(2)]
    )
    assert abs(np.corrcoef(places[0], np.arange(200))[0, 1]) < 0.2
    assert abs(np.corrcoef(places[0], places[1])[0, 1]) < 0.2


# Batches


def test_shapes_types_and_ranges_of_a_batch(data_dir):
    (batch,) = take(data_dir, 1, batch_size=3)
    channels = {
        "image_and_trimap": 4,
        "rgb": 3,
        "trimap": 1,
        "alpha": 1,
        "foreground": 3,
        "background": 3,
    }
    assert batch.keys() == {*channels, "pair", "attempt"}
    for name, count in channels.items():
        assert batch[name].shape == (3, 32, 32, count)
        assert batch[name].dtype == np.float32
    assert batch["pair"].dtype == batch["attempt"].dtype == np.int64
    assert not batch["attempt"].any()
    assert set(np.unique(batch["trimap"])) <= {0, 128, 255}
    assert (batch["trimap"] == 128).any(axis=(1, 2, 3)).all()
    assert batch["alpha"].min() >= 0 and batch["alpha"].max() <= 1 + 1e-6


def test_static_shapes_are_known(data_dir):
    manifest, config = open_dataset(str(data_dir), CONFIG)
    spec = training_examples(manifest, config, seed=1, batch_size=2).element_spec
    assert spec["image_and_trimap"].shape == (2, 32, 32, 4)


def test_one_epoch_holds_every_pair_once(twos):
    pairs = np.concatenate([batch["pair"] for batch in twos[:3]])
    assert sorted(pairs) == list(range(6))


def test_two_runs_with_one_seed_are_identical_and_seeds_differ(data_dir, twos):
    first = twos[:6]
    assert_equal(first, take(data_dir, 6))
    other = take(data_dir, 6, seed=2)
    assert any(
        np.any(a["image_and_trimap"] != b["image_and_trimap"])
        for a, b in zip(first, other, strict=True)
    )


@pytest.mark.parametrize("steps_done", [1, 4])
def test_starting_later_gives_the_tail(data_dir, twos, steps_done):
    assert_equal(take(data_dir, 7 - steps_done, first_example=2 * steps_done), twos[steps_done:])


def test_examples_do_not_depend_on_the_batch_size(data_dir, ones):
    threes = take(data_dir, 2, batch_size=3)
    for name in ones[0]:
        np.testing.assert_array_equal(
            np.concatenate([batch[name] for batch in ones]),
            np.concatenate([batch[name] for batch in threes]),
        )


@pytest.mark.slow
def test_examples_do_not_depend_on_the_number_of_threads(data_dir, twos):
    manifest, config = open_dataset(str(data_dir), CONFIG)
    for threads in (1, 4):
        options = tf.data.Options()
        options.threading.private_threadpool_size = threads
        batches = training_examples(manifest, config, seed=1, batch_size=2).with_options(options)
        assert_equal(list(batches.take(6).as_numpy_iterator()), twos[:6])


@pytest.mark.parametrize("workers", [pytest.param(2, marks=pytest.mark.slow), 3])
def test_shares_are_the_batches_cut_up(data_dir, workers):
    """None twice, none lost: across an epoch's end, and after a resume."""
    pieces_of_each = 6 // workers  # of one example

    def share(worker):
        share = Share(worker, workers, devices=pieces_of_each)
        count = 3 * pieces_of_each
        return take(data_dir, count, batch_size=6, first_example=12, share=share)

    shares = [share(worker) for worker in range(workers)]
    for number, batch in enumerate(take(data_dir, 3, batch_size=6, first_example=12)):
        first, behind = number * pieces_of_each, (number + 1) * pieces_of_each
        pieces = [piece for share in shares for piece in share[first:behind]]
        for name, array in batch.items():
            np.testing.assert_array_equal(np.concatenate([piece[name] for piece in pieces]), array)


@pytest.mark.parametrize("count", [1, 3])
def test_overfit_repeats_the_first_examples(data_dir, ones, count):
    expected = ones[:count]
    actual = take(data_dir, 2 * count + 1, batch_size=1, overfit=count)
    assert_equal(actual, [*expected, *expected, expected[0]])


def test_graph_holds_no_python_function(data_dir):
    """So that it can be serialised and handed to the tf.data service."""
    manifest, config = open_dataset(str(data_dir), CONFIG)
    batches = training_examples(manifest, config, seed=1, batch_size=2)
    graph = tf.compat.v1.GraphDef.FromString(
        batches._as_serialized_graph(allow_stateful=True).numpy()
    )
    operations = {node.op for function in graph.library.function for node in function.node_def}
    assert "DecodePng" in operations
    assert not {name for name in operations if "PyFunc" in name}


# Pairs that give no example


def damage(folder, name, how):
    """Makes the pictures of a foreground unusable."""
    alpha, eps = folder / "alpha" / f"{name}.png", folder / "eps" / f"{name}.png"
    if how == "truncated":
        eps.write_bytes(eps.read_bytes()[:2000])
    elif how == "missing":
        alpha.unlink()
    elif how == "no_unknown":
        write_png(alpha, np.zeros((96, 88), np.uint8))
    elif how == "other_size":
        write_png(eps, noise(7, 96, 87, 3))
    elif how == "huge":  # a header that claims 10⁹ pixels
        content = bytearray(alpha.read_bytes())
        content[16:24] = (31_623).to_bytes(4, "big") * 2
        content[29:33] = zlib.crc32(bytes(content[12:29])).to_bytes(4, "big")
        alpha.write_bytes(content)


DAMAGES = ("truncated", "missing", "no_unknown", "other_size", "huge")


@pytest.fixture(scope="module")
def with_bad_pairs(tmp_path_factory):
    """The names of the pairs of a dataset, and the batches of two epochs: of the whole dataset; of
    a copy in which every second foreground is damaged, as its name says; of that copy once more,
    from the fifth example on.
    """
    folder = tmp_path_factory.mktemp("good_and_bad")
    names = tuple(name for how in DAMAGES for name in (how, f"beside_{how}"))
    write_dataset(folder / "good", names)
    shutil.copytree(folder / "good", folder / "bad")
    for how in DAMAGES:
        damage(folder / "bad", how, how)
    manifest, _ = open_dataset(str(folder / "good"), CONFIG)
    good, bad = (take(folder / name, 20) for name in ("good", "bad"))
    return manifest.foreground_name, good, bad, take(folder / "bad", 18, first_example=4)


@pytest.mark.xdist_group("bad_pairs")
@pytest.mark.parametrize("how", DAMAGES)
def test_a_bad_pair_gives_way(with_bad_pairs, how):
    foreground_name, expected, actual, _ = with_bad_pairs
    replaced = 0
    for batch, other in zip(actual, expected, strict=True):
        for place in range(2):
            if foreground_name(other["pair"][place]) == how:
                replaced += 1
                assert batch["attempt"][place] > 0
                assert foreground_name(batch["pair"][place]) not in DAMAGES
                assert (batch["trimap"][place] == 128).any()
    assert replaced == 4


@pytest.mark.xdist_group("bad_pairs")
def test_where_bad_pairs_give_way_no_other_example_changes(with_bad_pairs):
    foreground_name, expected, actual, tail = with_bad_pairs
    compared = 0
    for batch, other in zip(actual, expected, strict=True):
        for place in range(2):
            if foreground_name(other["pair"][place]) not in DAMAGES:
                compared += 1
                for name in batch:
                    np.testing.assert_array_equal(batch[name][place], other[name][place], name)
    assert compared == 20
    assert_equal(tail, actual[2:])  # whatever runs before an example and beside it


@pytest.mark.parametrize("how", ["truncated", "no_unknown"])
def test_a_bad_pair_stops_a_strict_run_and_is_named(data_dir, tmp_path, how):
    shutil.copytree(data_dir, tmp_path / "data")
    damage(tmp_path / "data", "dog", how)
    with pytest.raises(tf.errors.OpError) as caught:
        take(tmp_path / "data", 3, strict=True)
    manifest, _ = open_dataset(str(tmp_path / "data"), CONFIG)
    sentence = str(dataset_error(caught.value, manifest, 1, range(6)))
    assert "dog.png" in sentence


def test_a_crop_without_unknown_pixels_is_told_and_a_larger_kernel_helps(data_dir, tmp_path):
    """As with edges so hard, or so small after resizing, that the kernel finds nothing."""
    shutil.copytree(data_dir, tmp_path / "data")
    for path in (tmp_path / "data" / "alpha").iterdir():
        hard = np.zeros(read_stored(path).shape, np.uint8)
        hard[20:60, 20:60] = 255
        write_png(path, hard)
    smallest = dataclasses.replace(CONFIG, trimap_kernel_min=1, trimap_kernel_max=1)
    manifest, _ = open_dataset(str(tmp_path / "data"), smallest)
    for strict in (True, False):
        with pytest.raises(tf.errors.OpError) as caught:
            take(tmp_path / "data", 1, smallest, strict=strict)
        sentence = str(dataset_error(caught.value, manifest, 1, range(2)))
        assert sentence.startswith("One of ")
        assert "had no unknown pixel in its crop" in sentence
        assert "Where edges are hard try a larger --trimap_kernel_min" in sentence
        assert "{" not in sentence
    assert len(take(tmp_path / "data", 1, CONFIG, strict=True)) == 1


def test_a_list_of_foregrounds_may_begin_with_a_mark_of_its_encoding(data_dir, tmp_path):
    (tmp_path / "hard.txt").write_text("cat\n", encoding="utf-8-sig")
    config = dataclasses.replace(CONFIG, hard_list=str(tmp_path / "hard.txt"))
    manifest, _ = open_dataset(str(data_dir), config)
    assert {manifest.foreground_name(pair) for pair in range(len(manifest))} == {"cat"}


def test_a_damaged_decoded_copy_is_named(data_dir, tmp_path):
    shutil.copytree(data_dir, tmp_path / "data")
    manifest, _ = open_dataset(str(tmp_path / "data"), CONFIG)
    write_decoded_copies(manifest, 1.0, workers=1, progress=False)
    assert what_is_wrong(manifest, 0) is None
    copy = fastest_path(manifest.data_dir, manifest.eps_path(0))
    modified = copy.stat().st_mtime_ns
    whole = copy.read_bytes()
    copy.write_bytes(whole[:26] + bytes(28) + whole[54:])  # of its size, which else is noticed
    os.utime(copy, ns=(modified, modified))
    assert str(copy) in what_is_wrong(manifest, 0)


def test_a_dataset_of_bad_pairs_only_ends_with_an_error(data_dir, tmp_path):
    shutil.copytree(data_dir, tmp_path / "data")
    for file in (tmp_path / "data" / "eps").iterdir():
        file.write_bytes(b"")
    with pytest.raises(tf.errors.OpError):
        take(tmp_path / "data", 1)


# What the manifest and the config settle together


def test_crop_safety_comes_from_the_manifest_unless_given(data_dir):
    assert open_dataset(str(data_dir), CONFIG)[1].crop_safety == "pull_back"
    given = dataclasses.replace(CONFIG, crop_safety="center")
    assert open_dataset(str(data_dir), given)[1].crop_safety == "center"


def test_hard_list_restricts_to_the_named_foregrounds(data_dir, tmp_path):
    (tmp_path / "hard.txt").write_text("\nelk\n  cat \n")
    config = dataclasses.replace(CONFIG, hard_list=str(tmp_path / "hard.txt"))
    manifest, _ = open_dataset(str(data_dir), config)
    assert {manifest.foreground_name(i) for i in range(len(manifest))} == {"cat", "elk"}
    assert len(manifest) == 4
    pairs = np.concatenate([batch["pair"] for batch in take(data_dir, 2, config)])
    assert sorted(pairs) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("text", "message"),
    [("cow\ncat\n", "no foreground named cow"), ("\n", "empty"), (None, "cannot be read")],
)
def test_hard_list_that_cannot_be_used_is_refused(data_dir, tmp_path, text, message):
    if text is not None:
        (tmp_path / "hard.txt").write_text(text)
    config = dataclasses.replace(CONFIG, hard_list=str(tmp_path / "hard.txt"))
    with pytest.raises(InputError, match=message):
        open_dataset(str(data_dir), config)


# The compact layout gives the original layout's examples


def layouts(tmp_path, pad, background_sizes):
    """The two layouts of the same pictures, odd in every size."""
    for seed, (name, size) in enumerate({"cat": (91, 63), "dog": (57, 101)}.items()):
        write_png(tmp_path / "in" / "alpha" / f"{name}.png", disc(*size, soft=9))
        write_png(tmp_path / "in" / "eps" / f"{name}.png", noise(seed, *size, 3))
    for seed, size in enumerate(background_sizes):
        write_png(tmp_path / "in" / "bg" / f"place{seed}.png", noise(10 + seed, *size, 3))
    folders = {}
    for layout in ("compact", "original"):
        folders[layout] = tmp_path / layout
        make_dataset(
            with_values(
                OfflineConfig(),
                out_dir=str(folders[layout]),
                alpha_dir=str(tmp_path / "in" / "alpha"),
                eps_dir=str(tmp_path / "in" / "eps"),
                bg_dir=str(tmp_path / "in" / "bg"),
                layout=layout,
                pad=pad,
                backgrounds_per_foreground=2,
                workers=1,
                progress=False,
            )
        )
    return folders


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pad", "background_sizes"),
    [
        ("center", [(87, 131), (1409, 1283)]),
        ("none", [(651, 1403), (1305, 1291)]),
        ("none", [(643, 701), (33, 35)]),
    ],
)
def test_compact_layout_gives_the_original_layouts_examples(tmp_path, pad, background_sizes):
    folders = layouts(tmp_path, pad, background_sizes)
    for crop_safety in ("center", "pull_back"):
        config = ExampleConfig(crop_safety=crop_safety, input_size=64)
        compact, original = (
            take(folders[layout], 8, config, batch_size=1) for layout in ("compact", "original")
        )
        manifests = [open_dataset(str(folders[layout]), config)[0] for layout in folders]
        for a, b in zip(compact, original, strict=True):
            names = [
                (manifest.foreground_name(pair), manifest.background_name(pair))
                for manifest, pair in zip(manifests, (a["pair"][0], b["pair"][0]), strict=True)
            ]
            assert names[0] == names[1]
        assert_equal(compact, original)
        assert all((batch["trimap"] == 128).any() for batch in compact)
