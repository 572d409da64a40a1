"""Runs whose training is told, not done."""

import dataclasses
import signal
from pathlib import Path

import numpy as np
import pytest

from dim_tf.ablations import measuring, one
from dim_tf.ablations.arms import ARMS
from dim_tf.ablations.records import read_record
from dim_tf.ablations.stopwatch import Stopwatch
from dim_tf.config import AblationConfig, NetworkConfig, TrainingConfig, with_values
from dim_tf.model.run_folder import CHECKPOINT_FOLDER, checkpoint_path
from dim_tf.model.weights_file import read_arrays, write_arrays
from dim_tf.system.errors import InputError
from dim_tf.training.loop import TrainingResult


class Runs(list):
    stop = False


@pytest.fixture
def trained(monkeypatch):
    """The runs that were trained; where `stop` is set they end before they are finished."""
    runs, logs = Runs(), {}

    def train(run, data_dir, flagfile):
        runs.append(run)
        steps = run.optimization.steps
        keys = ("alpha_loss", "total_loss", "unknown_error")
        logs[Path(run.run_dir)] = [
            {"step": step} | dict.fromkeys(keys, float(len(runs))) for step in range(1, steps + 1)
        ]
        (Path(run.run_dir) / "checkpoints").mkdir(parents=True, exist_ok=True)
        return TrainingResult(steps, None, {}, 0, 0.1, signal.SIGTERM if runs.stop else None)

    monkeypatch.setattr("dim_tf.training.loop.train", train)
    monkeypatch.setattr("dim_tf.training.progress.read_loss_log", lambda run_dir: logs[run_dir])
    monkeypatch.setattr(one, "conditions_of", lambda config: {"dataset": "one"})
    monkeypatch.setattr(one, "measured", lambda arm, run, config, run_dir: {"errors": {}})
    return runs


@pytest.fixture
def config(tmp_path, in_root):
    (tmp_path / "vgg16.npz").write_bytes(b"read by the run")
    return AblationConfig(
        work_dir=str(tmp_path / "work"),
        records_dir=str(tmp_path / "ablations"),
        vgg_weights=str(tmp_path / "vgg16.npz"),
        steps=100,
    )


def test_a_run_begins_with_the_weights_of_the_one_before(trained, config):
    record = read_record(one.run_arm(ARMS["long_refine"], 3, config))
    first, second, third = trained
    assert (first.start.init_from, first.start.vgg_weights) == ("", config.vgg_weights)
    assert second.start.init_from == first.run_dir
    assert third.start.init_from == second.run_dir
    assert second.optimization.train_stage == "refinement"
    assert third.optimization.train_stage == "all"
    # One record of all of it, whose error on training examples is that of the last steps.
    assert (record.seed, record.steps, record.curve["step"][-1]) == (3, 300, 300)
    assert record.training_error == 3.0
    assert len(record.settings["begins_with"]) == 2


def test_weights_are_kept_as_long_as_another_arm_begins_with_them(trained, config):
    one.run_arm(ARMS["long_refine"], 1, config)
    kept = [(Path(run.run_dir) / "checkpoints").exists() for run in trained]
    assert kept == [True, True, False]
    trained.clear()
    one.run_arm(ARMS["long_skip"], 1, config)
    one.run_arm(ARMS["long_deconv"], 1, dataclasses.replace(config, keep_weights=True))
    kept = [(Path(run.run_dir) / "checkpoints").exists() for run in trained]
    assert kept == [False, True]


def test_the_time_of_a_run_is_that_of_all_its_parts(trained, config, monkeypatch):
    times = iter([0.0, 7.0, 100.0, 105.0, 200.0, 203.0, 300.0, 304.0, 304.0, 400.0, 401.0, 402.0])
    monkeypatch.setattr("dim_tf.ablations.stopwatch.time.perf_counter", lambda: next(times))
    monkeypatch.setattr("dim_tf.ablations.stopwatch.time.process_time", lambda: 1.0)
    trained.stop = True
    with pytest.raises(InputError, match="Stopped at step 100, saved; the same command goes on"):
        one.run_arm(ARMS["base"], 1, config)
    trained.stop = False
    record = read_record(one.run_arm(ARMS["base"], 1, config))
    assert (record.seconds, record.processor_seconds) == (12.0, 0.0)
    # Its weights are gone: it is trained anew.
    assert read_record(one.run_arm(ARMS["base"], 1, config)).seconds == 3.0
    # They are kept: what was trained is measured again.
    kept = dataclasses.replace(config, keep_weights=True)
    seconds = [read_record(one.run_arm(ARMS["base"], 1, kept)).seconds for _ in range(2)]
    assert seconds == [4.0, 5.0]


def test_a_time_that_cannot_be_read_is_none(tmp_path):
    (tmp_path / "times.json").write_bytes(b'{"clock": ')
    assert Stopwatch(tmp_path).times().clock < 10


def test_the_error_on_training_examples_is_that_of_a_thirtieth_of_the_steps():
    def error_of(steps, last):
        rows = [{"unknown_error": float(step > steps - last)} for step in range(1, steps + 1)]
        return one._training_error(rows)

    assert (error_of(1500, 50), error_of(1500, 25)) == (1.0, 0.5)
    assert (error_of(12_000, 400), error_of(12_000, 200)) == (1.0, 0.5)
    assert error_of(300, 50) == 1.0


def test_what_refinement_moves(tmp_path):
    """The mean over pictures of the mean difference in the unknown region."""
    from dim_tf.pictures.writing import write_png

    class Constant:
        def __init__(self, alpha):
            self.alpha = alpha

        def predict_alpha(self, rgb, trimap):
            return np.where(trimap == 128, self.alpha, 9.0) * (1 + (rgb[..., 0] == 1))

    for number, side in enumerate((8, 16)):
        trimap = np.zeros((side, side), np.uint8)
        trimap[:4] = 128
        parts = {"rgb": np.full((side, side, 3), number, np.uint8), "trimap": trimap}
        for folder, picture in (parts | {"alpha": np.full((side, side), 100, np.uint8)}).items():
            write_png(tmp_path / folder / f"{number}.png", picture)
    # 0.25 on the first picture, twice that on the second.
    pictures = measuring.pictures_of(tmp_path, "trimap")
    moved = measuring.mean_difference(Constant(0.5), Constant(0.25), pictures)
    assert moved == pytest.approx(0.375)


def test_the_network_without_its_refinement(small_refining_model):
    """It gives what the stage is given; before training the stage changes nothing, then it does."""
    model = small_refining_model
    rgb = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    trimap = np.full((64, 64), 128, np.uint8)
    first = measuring.without_refinement(model)
    np.testing.assert_array_equal(
        first.predict_alpha(rgb, trimap), model.predict_alpha(rgb, trimap)
    )
    model.network.get_layer("refine_4").biases.assign([0.01])
    moved = model.predict_alpha(rgb, trimap) - first.predict_alpha(rgb, trimap)
    np.testing.assert_allclose(moved, 0.01, atol=1e-6)


@pytest.fixture
def small_refining_model():
    import keras

    from dim_tf.config import NetworkConfig
    from dim_tf.matting.predict import MattingModel
    from dim_tf.model.network import build_network

    keras.utils.set_random_seed(1)  # with some, alpha is 1 and cannot be moved
    config = NetworkConfig(width=0.03125, fc6="1x1", refine=True)
    return MattingModel(build_network(config), config, {})


def write_checkpoints(run_dir, steps):
    """With the step and ten times the step as weights."""
    (run_dir / CHECKPOINT_FOLDER).mkdir(parents=True, exist_ok=True)
    for step in steps:
        arrays = {
            "network/conv/weights": np.full((2, 1), step, np.float32),
            "network/conv/moving_mean": np.full(3, 10 * step, np.float32),
            "optimizer/conv/weights": np.full(2, -1, np.float32),
        }
        path = checkpoint_path(run_dir, step)
        write_arrays(path, arrays, NetworkConfig(width=0.25), {"step": step})


@pytest.mark.parametrize(
    "steps, averaged",
    [
        (1500, range(1050, 1501, 50)),
        (12000, range(8400, 12001, 400)),
        (100, [75, 78, 81, 84, 87, 90, 93, 96, 99, 100]),
        (2, [1, 2]),
    ],
)
def test_weights_are_averaged_over_the_last_third(tmp_path, steps, averaged):
    run = with_values(TrainingConfig(), steps=steps).run
    every = measuring.steps_between_checkpoints(run)
    write_checkpoints(tmp_path, {*range(every, steps, every), steps})
    path = measuring.averaged_weights(run, tmp_path)
    arrays, network, about = read_arrays(path)
    assert arrays.keys() == {"network/conv/weights", "network/conv/moving_mean"}
    np.testing.assert_allclose(arrays["network/conv/weights"], np.mean(averaged), rtol=1e-6)
    np.testing.assert_allclose(arrays["network/conv/moving_mean"], 10 * np.mean(averaged), 1e-6)
    assert (network, about) == (NetworkConfig(width=0.25), {"step": steps})


def test_weights_are_not_averaged_over_fewer_checkpoints(tmp_path):
    """As of a run that was finished before weights were averaged."""
    run = with_values(TrainingConfig(), steps=1500).run
    write_checkpoints(tmp_path, [1000, 1500])
    with pytest.raises(InputError, match=r"step-00001450\.npz is missing"):
        measuring.averaged_weights(run, tmp_path)
    assert not (tmp_path / CHECKPOINT_FOLDER / measuring.AVERAGED_NAME).exists()
    with pytest.raises(InputError, match=r"step-00001450\.npz is missing"):
        measuring.released_weights(run, tmp_path, tmp_path / "data")


def test_a_run_keeps_the_checkpoints_that_are_averaged(trained, config):
    one.run_arm(ARMS["base"], 1, dataclasses.replace(config, steps=1500))
    assert (trained[0].checkpoint_every, trained[0].keep_checkpoints) == (50, 10)
