import itertools
from pathlib import Path

import numpy as np
import pytest

from dim_tf.config import values_of, with_values
from dim_tf.examples.pipeline import open_dataset, training_examples
from dim_tf.matting.predict import load_model
from dim_tf.model.network import build_network
from dim_tf.model.run_folder import checkpoint_path
from dim_tf.model.weights import assign_network_arrays, network_arrays, read_arrays
from dim_tf.system.errors import InputError
from dim_tf.training.release import (
    average_checkpoints,
    measure_statistics,
    release,
    release_average,
)
from tests.training.run_files import train_as


def network_of(path):
    return {name: a for name, a in read_arrays(path)[0].items() if name.startswith("network/")}


def test_a_release_holds_the_network_of_the_newest_checkpoint_in_half_precision(finished, tmp_path):
    source = release(finished.run.run_dir, tmp_path / "weights.npz")
    assert source == checkpoint_path(Path(finished.run.run_dir), 7)
    expected, released = network_of(source), read_arrays(tmp_path / "weights.npz")[0]
    assert released.keys() == expected.keys()
    for name, array in released.items():
        assert array.dtype == (np.float16 if array.ndim > 1 else np.float32)
        np.testing.assert_allclose(array, expected[name], rtol=1e-3, atol=1e-6)
    load_model(tmp_path / "weights.npz")


def test_the_average_is_the_mean_of_the_newest_checkpoints(finished):
    paths = [checkpoint_path(Path(finished.run.run_dir), step) for step in (7, 6)]
    arrays, config, progress = average_checkpoints(paths)
    assert config == finished.run.network and progress["step"] == 7
    for name, array in arrays.items():
        one, other = (network_of(path)[name].astype(float) for path in paths)
        np.testing.assert_allclose(array, (one + other) / 2, rtol=1e-6)


@pytest.mark.slow
def test_an_averaged_release_measures_the_statistics_anew(make_config, tmp_path):
    config = make_config(steps=4, checkpoint_every=1, keep_checkpoints=4, learning_rate=0.0)
    train_as(config)
    for count, name in ((1, "few"), (40, "many")):
        release_average(
            config.run.run_dir,
            tmp_path / name,
            config.data.data_dir,
            last=3,
            statistics_batches=count,
        )
    few, many = (network_of(tmp_path / name) for name in ("few", "many"))
    before = network_of(checkpoint_path(Path(config.run.run_dir), 4))
    for name, array in many.items():
        if name.endswith("moving_variance"):
            # They start at 1 and have moved by 4 steps; many examples bring them to the data's.
            assert np.abs(array - before[name]).max() > np.abs(few[name] - before[name]).max()
        elif not name.endswith("moving_mean"):
            np.testing.assert_allclose(array, before[name], rtol=1e-3, atol=1e-6)


@pytest.mark.slow
def test_the_statistics_are_measured_on_batches_as_those_of_the_run(make_config, tmp_path):
    config = make_config(steps=2, checkpoint_every=1, batch_size=2, learning_rate=0.0)
    train_as(config)
    folder = Path(config.run.run_dir)
    release_average(folder, tmp_path / "w", config.data.data_dir, last=2, statistics_batches=9)
    arrays, network_config, _ = average_checkpoints(
        [checkpoint_path(folder, step) for step in (2, 1)]
    )
    network = build_network(network_config)
    assign_network_arrays(network, arrays, "them")
    manifest, examples = open_dataset(config.data.data_dir, config.run.examples)
    batches = training_examples(manifest, examples, seed=config.run.seed, batch_size=2)
    measure_statistics(network, itertools.islice(batches, 9))
    released = network_of(tmp_path / "w")
    for name, array in network_arrays(network).items():
        if "moving_" in name:
            np.testing.assert_allclose(released[name], array, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_the_statistics_of_a_run_that_froze_them_are_kept(make_config, finished, tmp_path):
    """They are what its weights were trained for."""
    start = checkpoint_path(Path(finished.run.run_dir), 7)
    config = make_config(
        **values_of(finished.run.network),
        steps=3,
        checkpoint_every=1,
        init_from=str(start),
        freeze_batch_norm=True,
    )
    train_as(config)
    release_average(config.run.run_dir, tmp_path / "w.npz", config.data.data_dir, last=2)
    before, released = network_of(start), network_of(tmp_path / "w.npz")
    for name in (name for name in before if "moving_" in name):
        np.testing.assert_array_equal(before[name], released[name])


@pytest.mark.slow
def test_the_statistics_of_a_run_of_the_refinement_alone_are_kept(make_config, tmp_path):
    first = make_config(steps=2, checkpoint_every=1, refine=True)
    train_as(first)
    second = with_values(
        first,
        run_dir=f"{first.run.run_dir}_2",
        init_from=first.run.run_dir,
        train_stage="refinement",
    )
    train_as(second)
    release_average(second.run.run_dir, tmp_path / "w.npz", second.data.data_dir, last=2)
    before = network_of(checkpoint_path(Path(second.run.run_dir), 2))
    released = network_of(tmp_path / "w.npz")
    for name in (name for name in before if "moving_" in name):
        np.testing.assert_array_equal(before[name], released[name])


def test_a_folder_without_checkpoints_is_refused(tmp_path):
    with pytest.raises(InputError, match="is to be averaged; give the folder of a run"):
        release_average(tmp_path, tmp_path / "w.npz", tmp_path)


def test_too_few_checkpoints_are_refused(finished, tmp_path):
    with pytest.raises(InputError, match="holds 2 checkpoints, not 3"):
        release_average(finished.run.run_dir, tmp_path / "w.npz", finished.data.data_dir, last=3)
    assert not (tmp_path / "w.npz").exists()
