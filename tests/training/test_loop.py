import shutil
from pathlib import Path

import numpy as np
import pytest

from dim_tf.config import OptimizationConfig, with_values
from dim_tf.config.flags import flagfile_text
from dim_tf.dataset.manifest import MANIFEST_NAME
from dim_tf.examples.pipeline import open_dataset, training_examples
from dim_tf.model.losses import unknown_error
from dim_tf.model.run_folder import best_path, checkpoint_path, list_checkpoints
from dim_tf.model.weights import load_network
from dim_tf.pictures.writing import write_png
from dim_tf.system.errors import InputError
from dim_tf.training.loop import learning_rate_at
from dim_tf.training.progress import LOSS_LOG_NAME, CollapseAlarm, read_loss_log
from dim_tf.training.records import FLAGFILE_NAME
from tests.training.run_files import arrays_of, losses_of, poison, train_as

ROOT = Path(__file__).resolve().parents[2]


def assert_same_arrays(actual, expected):
    assert actual.keys() == expected.keys()
    for name, array in actual.items():
        np.testing.assert_array_equal(array, expected[name], name)


# Learning rate


def test_learning_rate_is_constant_unless_asked():
    config = OptimizationConfig(steps=100)
    assert {learning_rate_at(step, 0.5, config) for step in range(1, 101)} == {0.5}


def test_warmup_grows_linearly_from_zero():
    config = OptimizationConfig(steps=100, warmup_steps=10)
    rates = [learning_rate_at(step, 1.0, config) for step in range(1, 15)]
    np.testing.assert_allclose(rates, [*np.arange(1, 11) / 10, 1, 1, 1, 1])


def test_cosine_falls_from_the_full_rate_to_two_percent():
    config = OptimizationConfig(steps=1000, learning_rate_schedule="cosine")
    rates = [learning_rate_at(step, 2.0, config) for step in range(1, 1001)]
    assert rates[0] == 2.0
    assert np.mean(rates) == pytest.approx((1 + 0.02) / 2 * 2.0)
    assert rates[-1] == pytest.approx(0.04, rel=1e-9)
    assert np.all(np.diff(rates) < 0)


# Runs


def test_a_run_leaves_its_checkpoints_its_flags_and_one_log_row_per_step(finished):
    run_dir = Path(finished.run.run_dir)
    names = [path.name for path in list_checkpoints(run_dir)]
    assert names == ["step-00000007.npz", "step-00000006.npz"]
    assert [int(row["step"]) for row in read_loss_log(run_dir)] == list(range(1, 8))
    assert (run_dir / FLAGFILE_NAME).read_text() == flagfile_text(finished)


def test_schedule_reaches_the_optimizer_and_the_log(finished):
    rates = losses_of(finished.run.run_dir, "learning_rate")
    np.testing.assert_allclose(rates, np.minimum(np.arange(1, 8) / 4, 1) * 1e-3, rtol=1e-6)
    stored = arrays_of(finished.run.run_dir, 7)["optimizer/adam/learning_rate"]
    np.testing.assert_allclose(stored, 1e-3, rtol=1e-6)


def test_resuming_is_exact_and_two_runs_of_one_seed_are_one(finished, tmp_path):
    """Adam's moments, batch norm's averages, the place in the data: all go on where they were."""
    parts = with_values(finished, run_dir=str(tmp_path / "parts"))
    half = train_as(with_values(parts, steps=3))
    assert (half.step, half.finished, half.best) == (3, True, None)
    assert len(losses_of(parts.run.run_dir)) == 3
    assert train_as(parts).finished
    assert_same_arrays(arrays_of(parts.run.run_dir, 7), arrays_of(finished.run.run_dir, 7))
    logs = [(Path(config.run.run_dir) / LOSS_LOG_NAME).read_bytes() for config in (parts, finished)]
    assert logs[0] == logs[1]


def test_a_finished_run_does_nothing_more(continued):
    before = checkpoint_path(Path(continued.run.run_dir), 7).stat().st_mtime_ns
    assert train_as(continued).step == 7
    assert checkpoint_path(Path(continued.run.run_dir), 7).stat().st_mtime_ns == before
    assert len(losses_of(continued.run.run_dir)) == 7


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"resume": False}, "already holds a run"),
        ({"skip": True}, "with --skip=False;"),
        ({"seed": 2}, "with --seed=1;"),
        ({"batch_size": 1}, "with --batch_size=2;"),
        ({"train_stage": "encoder_decoder"}, "with --train_stage=all;"),
        ({"known_weight": 0.0}, "with --known_weight=0.5;"),
    ],
)
def test_a_refused_command_leaves_the_run_as_it_is(continued, changes, message):
    def contents():
        return {
            path: path.read_bytes()
            for path in Path(continued.run.run_dir).rglob("*")
            if path.is_file()
        }

    before = contents()
    with pytest.raises(InputError, match=message):
        train_as(with_values(continued, steps=9, **changes), "--steps=9\n")
    assert contents() == before


@pytest.mark.usefixtures("quick_steps", "quick_examples")
def test_another_dataset_is_refused(continued, dataset, tmp_path):
    shutil.copytree(dataset, tmp_path / "data")
    config = with_values(continued, data_dir=str(tmp_path / "data"), steps=8)
    text = (tmp_path / "data" / MANIFEST_NAME).read_text()
    (tmp_path / "data" / MANIFEST_NAME).write_text(text.replace("[2,1]", "[2,0]"))
    with pytest.raises(InputError, match="begun with a data_dir of 6 pairs"):
        train_as(config)
    (tmp_path / "data" / MANIFEST_NAME).write_text(text.replace("pull_back", "center"))
    with pytest.raises(InputError, match="begun with a data_dir of 6 pairs"):
        train_as(config)
    (tmp_path / "data" / MANIFEST_NAME).write_text(text)  # elsewhere, but the same
    assert train_as(config).step == 8


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("missing", r"eps/two\.png does not exist"),
        ("truncated", r"eps/two\.png is damaged or cut short"),
        ("small", r"alpha/two\.png is 160×160 pixels and .*eps/two\.png 20×10"),
    ],
)
def test_a_bad_picture_is_named_and_stops_a_strict_run(
    dataset, make_config, tmp_path, damage, sentence
):
    shutil.copytree(dataset, tmp_path / "data")
    path = tmp_path / "data" / "eps" / "two.png"
    content = path.read_bytes()
    path.unlink()
    if damage == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "small":
        write_png(path, np.zeros((10, 20, 3), np.uint8))
    with pytest.raises(InputError, match=sentence) as refusal:
        train_as(make_config(data_dir=str(tmp_path / "data"), batch_size=3, strict=True))
    assert "run dim-tf prepare again with the same settings. The run stops;" in str(refusal.value)


def test_a_damaged_newest_checkpoint_costs_its_steps_and_nothing_else(continued, finished):
    path = checkpoint_path(Path(continued.run.run_dir), 7)
    path.write_bytes(path.read_bytes()[:1000])
    assert train_as(continued).step == 7
    assert_same_arrays(arrays_of(continued.run.run_dir, 7), arrays_of(finished.run.run_dir, 7))


@pytest.mark.slow
def test_frozen_batch_norm_trains_what_inference_sees(finished, tmp_path):
    """The loss is that of the network as it predicts, and its averages stay as they are."""
    config = with_values(
        finished,
        run_dir=str(tmp_path),
        init_from=str(checkpoint_path(Path(finished.run.run_dir), 7)),
        freeze_batch_norm=True,
        steps=2,
        warmup_steps=0,
    )
    train_as(config)
    before, after = arrays_of(finished.run.run_dir, 7), arrays_of(config.run.run_dir, 2)
    averages = [name for name in before if "moving_" in name]
    assert averages
    for name in averages:
        np.testing.assert_array_equal(before[name], after[name])
    assert np.any(before["network/deconv1_2/gamma"] != after["network/deconv1_2/gamma"])
    # The bias before a batch norm would move a channel as its beta does.
    assert np.any(before["network/deconv1_2/beta"] != after["network/deconv1_2/beta"])
    for layer in (name.removesuffix("/beta") for name in before if name.endswith("/beta")):
        if layer.startswith("network/"):
            np.testing.assert_array_equal(before[f"{layer}/biases"], after[f"{layer}/biases"])
    network, *_ = load_network(checkpoint_path(Path(finished.run.run_dir), 7))
    examples = training_examples(
        *open_dataset(config.data.data_dir, config.run.examples), seed=config.run.seed, batch_size=2
    )
    example = next(iter(examples))
    alpha = network(example["image_and_trimap"], training=False)
    expected = unknown_error(alpha, example["alpha"], example["trimap"])
    np.testing.assert_allclose(
        losses_of(config.run.run_dir, "unknown_error")[0], expected, rtol=1e-4
    )


@pytest.mark.slow
def test_overfitting_one_example_reduces_the_loss(make_config):
    config = make_config(width=1 / 16, skip=True, steps=120, overfit=1, log_every=50)
    config = with_values(config, checkpoint_every=200, learning_rate=5e-3)
    train_as(config)
    errors = losses_of(config.run.run_dir, "unknown_error")
    assert np.mean(errors[-10:]) < 0.4 * np.mean(errors[:3])


@pytest.mark.slow
def test_bfloat16_agrees_roughly_and_stores_float32(finished, tmp_path):
    config = with_values(finished, run_dir=str(tmp_path), mixed_precision="bfloat16", steps=3)
    train_as(config)
    expected = losses_of(finished.run.run_dir)[:3]
    np.testing.assert_allclose(losses_of(config.run.run_dir), expected, rtol=0.1)
    assert losses_of(config.run.run_dir) != expected
    kinds = {name: array.dtype for name, array in arrays_of(config.run.run_dir, 3).items()}
    assert kinds == {
        name: array.dtype for name, array in arrays_of(finished.run.run_dir, 7).items()
    }


@pytest.mark.slow
@pytest.mark.takes_a_minute
def test_over_200_steps_bfloat16_stays_within_the_spread_of_two_seeds(make_config):
    """As means over 20 steps, so that the run of the loss is compared and not single examples."""
    curves = {}
    for name, changes in {
        "float32": {},
        "bfloat16": {"mixed_precision": "bfloat16"},
        "another seed": {"seed": 2},
    }.items():
        config = make_config(run=name, steps=200, checkpoint_every=200, **changes)
        train_as(config)
        curves[name] = np.reshape(losses_of(config.run.run_dir), (10, 20)).mean(axis=1)
    assert curves["float32"][-1] < 0.7 * curves["float32"][0]
    spread = np.abs(curves["another seed"] - curves["float32"]).mean()
    assert np.abs(curves["bfloat16"] - curves["float32"]).mean() < spread


@pytest.mark.slow
def test_clipping_bounds_each_variables_gradient(make_config):
    """Adam's first moment after one step is a tenth of the gradient."""
    config = make_config(steps=1, clip_norm=1e-3)
    train_as(config)
    moments = [
        10 * np.linalg.norm(array)
        for name, array in arrays_of(config.run.run_dir, 1).items()
        if name.endswith("_momentum")
    ]
    assert max(moments) == pytest.approx(1e-3, rel=1e-3)


# Something is wrong


def test_an_absurd_learning_rate_stops_the_run_with_a_sentence(make_config):
    config = make_config(batch_norm=False, learning_rate=1e30, checkpoint_every=100, steps=9)
    with pytest.raises(InputError, match=r"The loss at step \d is (nan|inf) \(example ") as caught:
        train_as(config)
    assert " on dark" in str(caught.value) or " on light" in str(caught.value)
    assert "there is no checkpoint yet" in str(caught.value)
    assert list_checkpoints(Path(config.run.run_dir)) == []


def test_the_message_names_step_and_example_and_the_checkpoint_stays(continued):
    # Finite, but what batch norm multiplies with it is not.
    path = poison(continued, "network/deconv1_2/gamma", 3e38)
    before = path.read_bytes()
    manifest, examples = open_dataset(continued.data.data_dir, continued.run.examples)
    batches = training_examples(manifest, examples, seed=1, batch_size=2, first_example=14)
    expected = ", ".join(
        f"{manifest.foreground_name(pair)} on {manifest.background_name(pair)}"
        for pair in next(iter(batches))["pair"].numpy()
    )
    with pytest.raises(InputError) as caught:
        train_as(with_values(continued, steps=9))
    assert f"The loss at step 8 is nan (example {expected})" in str(caught.value)
    assert "the last checkpoint, of step 7, is intact" in str(caught.value)
    assert path.read_bytes() == before


def test_weights_that_are_not_finite_are_never_saved(continued):
    """A step can have a finite loss and ruin the weights: here by a poisoned moment of Adam."""
    poison(continued, "optimizer/adam/conv1_1_weights_momentum", np.inf)
    with pytest.raises(InputError, match="Step 8 made weights that are not finite"):
        train_as(with_values(continued, steps=9, checkpoint_every=1))
    newest = list_checkpoints(Path(continued.run.run_dir))[0]
    assert newest == checkpoint_path(Path(continued.run.run_dir), 7)


def test_ruined_weights_are_not_kept_as_the_best_ones(continued, validation_dir):
    """Of a first validation every network is the best."""
    poison(continued, "optimizer/adam/conv1_1_weights_momentum", np.inf)
    validated = with_values(continued, validation_dir=str(validation_dir), validate_every=1)
    with pytest.raises(InputError, match="Step 8 made weights that are not finite"):
        train_as(with_values(validated, steps=9))
    assert not best_path(Path(continued.run.run_dir)).exists()


def test_all_black_predictions_raise_the_alarm(continued, caplog, monkeypatch):
    monkeypatch.setattr("dim_tf.training.records.CollapseAlarm", lambda: CollapseAlarm(steps=3))
    poison(continued, "network/pred_alpha/biases", -30.0)
    train_as(with_values(continued, learning_rate=0.0, steps=10))
    assert "all black for 3 steps" in caplog.text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_stage": "refinement"}, "--train_stage=refinement needs --refine"),
        ({"initial_correction": "random"}, "--initial_correction=random needs --refine"),
        ({"freeze_batch_norm": True, "batch_norm": False}, "does not go with --nobatch_norm"),
        ({"freeze_batch_norm": True, "bn_eval": "batch"}, "does not go with --bn_eval=batch"),
        ({"normalize_vgg": True}, "--normalize_vgg needs --vgg_weights"),
        ({"vgg_weights": "nowhere.npz"}, "nowhere.npz does not exist"),
        ({"init_from": "nowhere.npz"}, "nowhere.npz"),
        ({"data_dir": "/nowhere"}, "is not a finished dataset"),
    ],
)
def test_settings_that_cannot_work_are_refused(make_config, changes, message):
    with pytest.raises(InputError, match=message):
        train_as(make_config(**changes))
