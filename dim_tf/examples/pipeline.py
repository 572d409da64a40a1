"""The input pipeline: a dataset folder in, batches of training examples out. TensorFlow ops only,
so that the graph can be serialised (tf.data service) and runs outside Python's lock.
"""

import dataclasses
import functools
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from dim_tf.config import UNKNOWN, ExampleConfig
from dim_tf.dataset.decoded import fastest_path
from dim_tf.dataset.manifest import Manifest, read_manifest
from dim_tf.dataset.sources import has_edge
from dim_tf.examples.transforms import Example, draw_decisions, make_example
from dim_tf.pictures.picture import read_stored
from dim_tf.system.errors import InputError, said_by_operation

_LAST_INDEX = np.iinfo(np.int64).max // 2
# Where a pair gives no example, this many pairs in all are tried.
ATTEMPTS = 10
# The next attempt is the pair that stands at the same place so many epochs later. Odd, because
# index_shuffle looks at the low bits of its key only.
_EPOCHS_BETWEEN_ATTEMPTS = 521
# The header of a damaged or hostile PNG can claim any size, and its memory would be taken.
MAX_DATASET_PIXELS = 2**27


def open_dataset(data_dir: str, config: ExampleConfig) -> tuple[Manifest, ExampleConfig]:
    """Reads a dataset's manifest and settles what the config leaves to it.

    Returns:
        The manifest, restricted to `config.hard_list` if given, and the config with `crop_safety`
        as the dataset was made for where it says "manifest".

    Raises:
        InputError: no dataset there, or the list names foregrounds it does not have.
    """
    manifest = read_manifest(data_dir)
    if config.hard_list:
        try:
            lines = Path(config.hard_list).read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"--hard_list={config.hard_list} cannot be read: {error}.") from None
        manifest = manifest.select_foregrounds([line.strip() for line in lines if line.strip()])
    if config.crop_safety == "manifest":
        config = dataclasses.replace(config, crop_safety=manifest.crop_safety)
    return manifest, config


def pair_of_example(
    index: int | tf.Tensor, pairs: int, seed: int, attempt: int | tf.Tensor = 0
) -> tf.Tensor:
    """Which pair of the dataset is example `index` of a run: each epoch has a permutation.

    TensorFlow's index_shuffle looks at few bits of its key: with up to 2**16 pairs at the low 8 of
    the seed and of the epoch each. So the order of an epoch comes again 256 epochs later, and seeds
    1 and 257 draw pairs in one order. Their crops and all other decisions differ.

    Args:
        index: int64 scalar, counted from the start of the run.
        pairs: number of pairs in the dataset.
        seed: of the run.
        attempt: how many pairs gave no example before: another pair takes their place.

    Returns:
        int64 scalar in [0, pairs).
    """
    index, attempt = tf.cast(index, tf.int64), tf.cast(attempt, tf.int64)
    position = index % pairs
    epoch = index // pairs + attempt * _EPOCHS_BETWEEN_ATTEMPTS
    key = tf.stack([tf.constant(seed, tf.int64), epoch])
    return tf.random.experimental.index_shuffle(position, key, pairs - 1)


class Share(NamedTuple):
    """What a worker makes of each batch.

    The batch is cut into equal pieces, one for each device; worker w has devices w · devices and
    up, and makes their pieces, in this order.
    """

    worker: int = 0
    workers: int = 1
    devices: int = 1  # of each worker


WHOLE = Share()


def training_examples(
    manifest: Manifest,
    config: ExampleConfig,
    *,
    seed: int,
    batch_size: int,
    first_example: int = 0,
    overfit: int = 0,
    strict: bool = False,
    share: Share = WHOLE,
) -> tf.data.Dataset:
    """An endless dataset of batches; example i depends on (seed, i) alone.

    So a run that resumes at step s asks for `first_example = s * batch_size` and sees exactly what
    it would have seen, and two runs with one seed are identical, whatever the number of threads.

    A pair gives no example if one of its pictures is missing, damaged or of the wrong size, or if
    its crop has no unknown pixel. Example i then is made from another pair, drawn from (seed, i) as
    well, with the same decisions, so that no other example changes.

    Args:
        manifest: from `open_dataset`.
        config: from `open_dataset`.
        seed: of the run.
        batch_size: examples per batch.
        first_example: index of the first example.
        overfit: if not 0, examples 0 … overfit − 1 are repeated for ever.
        strict: a pair that gives no example is an error.
        share: of several workers' batches; by default all of each.

    Returns:
        Batches of what `transforms` describes, `pair`, [B] int64: the pair it was made from, and
        `attempt`, [B] int64: how many pairs gave no example before. With a share, its pieces of
        each batch, one after the other.
    """
    paths = _paths(manifest)

    def load(index: tf.Tensor, attempt: tf.Tensor) -> Example:
        pair = pair_of_example(index, len(manifest), seed, attempt)
        alpha, eps, background = _read(paths[pair])
        example = {
            "alpha": alpha,
            "eps": eps,
            "background": background,
            "pair": pair,
            "attempt": attempt,
        }
        tf.debugging.assert_equal(tf.shape(example["alpha"])[:2], tf.shape(example["eps"])[:2])
        example = make_example(example, draw_decisions(seed, index, config), config)
        tf.debugging.assert_equal(tf.reduce_any(tf.equal(example["trimap"], UNKNOWN)), True)
        return example

    examples = batch_size // share.workers  # of each batch

    def index_of(number: tf.Tensor) -> tf.Tensor:
        step, position = number // examples, number % examples
        return first_example + step * batch_size + share.worker * examples + position

    def load_first_good(number: tf.Tensor) -> Example:
        index = _repeated(index_of(number), overfit)
        attempts = tf.data.Dataset.range(1 if strict else ATTEMPTS).map(
            functools.partial(load, index)
        )
        if not strict:
            attempts = attempts.ignore_errors()
        return attempts.take(1).get_single_element()

    return (
        tf.data.Dataset.range(_LAST_INDEX // batch_size - first_example)
        .map(load_first_good, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        .batch(examples // share.devices, drop_remainder=True)
        # Workers would ask each other in every step whether anyone is at the end.
        .apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY))
        .prefetch(2)
    )


def _repeated(index: int | tf.Tensor, overfit: int) -> int | tf.Tensor:
    """The example that takes the place of one where the first `overfit` are repeated for ever."""
    return index % overfit if overfit else index


def examples_of_step(step: int, batch_size: int, overfit: int = 0) -> list[int]:
    """Indices of the examples of a step, counted from 1, as `training_examples` makes them."""
    indices = range((step - 1) * batch_size, step * batch_size)
    return [_repeated(index, overfit) for index in indices]


def dataset_error(
    error: tf.errors.OpError, manifest: Manifest, seed: int, indices: Iterable[int]
) -> InputError:
    """The sentence for examples that could not be made.

    Args:
        error: what the dataset of `training_examples` raised.
        manifest: the dataset was made from.
        seed: of the run.
        indices: of the examples of the batch.
    """
    pairs = [int(pair_of_example(index, len(manifest), seed)) for index in indices]
    for pair in pairs:
        wrong = what_is_wrong(manifest, pair)
        if wrong:
            return InputError(
                f"{wrong} Delete what is named and run dim-tf prepare again with the same settings."
            )
    if isinstance(error, tf.errors.OutOfRangeError | tf.errors.InvalidArgumentError):
        return InputError(
            f"{nothing_unknown(manifest, pairs)} Where edges are hard try a larger "
            "--trimap_kernel_min, or smaller --crop_sizes."
        )
    return InputError(
        f"An example cannot be made from {manifest.data_dir}, did its files change during the run? "
        f"({said_by_operation(error)})"
    )


def nothing_unknown(manifest: Manifest, pairs: Sequence[int]) -> str:
    """The sentence on pairs of which one gave no example though its pictures can be used."""
    names = [str(manifest.alpha_path(pair)) for pair in dict.fromkeys(pairs)]
    one_of = "One of " if len(names) > 1 else ""
    return (
        f"{one_of}{', '.join(names)} had no unknown pixel in its crop, or a picture changed during "
        "the run."
    )


def what_is_wrong(manifest: Manifest, pair: int) -> str | None:
    """One sentence on a picture of a pair that gives no example, or None where all can be used."""
    paths = manifest.alpha_path(pair), manifest.eps_path(pair), manifest.background_path(pair)
    try:
        alpha, eps, _ = (read_stored(path) for path in paths)
        for path in paths:
            read_stored(fastest_path(manifest.data_dir, path))
    except InputError as error:
        return str(error)
    if alpha.shape != eps.shape[:2]:
        return (
            f"{manifest.alpha_path(pair)} is {alpha.shape[1]}×{alpha.shape[0]} pixels and "
            f"{manifest.eps_path(pair)} {eps.shape[1]}×{eps.shape[0]}."
        )
    if not has_edge(alpha):
        return f"{manifest.alpha_path(pair)} is {alpha.flat[0]} everywhere, so nothing is unknown."
    return None


def _paths(manifest: Manifest) -> tf.Tensor:
    """[N, 2, 3] string: for each pair the files of its matte, colours and background, and the PNGs.

    The former are decoded copies where there are any.
    """
    copy_of = functools.cache(functools.partial(fastest_path, manifest.data_dir))

    def fastest(pngs: Sequence[Path]) -> Sequence[Path]:
        alpha, eps, background = map(copy_of, pngs)
        # Cut alike, and one may be without a copy while another run writes or deletes them.
        both = (alpha, eps) if alpha != pngs[0] and eps != pngs[1] else pngs[:2]
        return *both, background

    paths_of = (manifest.alpha_path, manifest.eps_path, manifest.background_path)
    rows = [[path_of(pair) for path_of in paths_of] for pair in range(len(manifest))]
    return tf.constant(
        [[[*map(os.fsencode, row)] for row in (fastest(pngs), pngs)] for pngs in rows]
    )


def _read(paths: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """[H, W, 1 or 3] uint8 each: matte, colours and background of a row of `_paths`.

    Copies that were there when the paths were made need not be there when, or where, they are read:
    the machine of a tf.data service may have a dataset of its own, and a run with less room for
    them deletes them. All three then are the PNGs, since a matte and its colours are cut alike.
    """

    def contents(row: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return tuple(tf.io.read_file(path) for path in tf.unstack(row))

    fastest, pngs = (tf.data.Dataset.from_tensors(row).map(contents) for row in tf.unstack(paths))
    found = fastest.ignore_errors().concatenate(pngs).take(1).get_single_element()
    return tuple(map(_decode, found, (1, 3, 3)))


def _decode(content: tf.Tensor, channels: int) -> tf.Tensor:
    """[H, W, channels] uint8 of a PNG, or of a BMP with as many channels."""
    # Width and height of a PNG; of a BMP, whose pixels are not compressed, something else.
    size = tf.io.decode_raw(tf.strings.substr(content, 16, 8), tf.int32, little_endian=False)
    is_bmp = tf.equal(tf.strings.substr(content, 0, 2), "BM")
    pixels = tf.reduce_prod(tf.cast(size, tf.int64))
    tf.debugging.Assert(is_bmp | (pixels <= MAX_DATASET_PIXELS), [size])
    picture = tf.cond(
        is_bmp,
        lambda: tf.io.decode_bmp(content),
        lambda: tf.io.decode_png(content, channels),
    )
    return tf.ensure_shape(picture, [None, None, channels])
