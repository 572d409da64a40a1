"""What a run does when its folder, its disk, its data or its numbers fail."""

import contextlib
import itertools
import resource
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from dim_tf.commands.train import start_run
from dim_tf.config import with_values
from dim_tf.examples.pipeline import open_dataset, training_examples
from dim_tf.model.run_folder import checkpoint_path, list_checkpoints
from dim_tf.model.weights import read_arrays
from dim_tf.system.errors import InputError
from dim_tf.system.folder_lock import LOCK_NAME, FolderLock
from dim_tf.training import loop
from dim_tf.training.progress import LossLog, read_loss_log
from dim_tf.training.records import FLAGFILE_NAME
from tests.training.run_files import poison, train_as


def contents(folder):
    return {path: path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def at_step(monkeypatch, step, action):
    """Lets something happen when the row of a step is logged."""
    append = LossLog.append

    def act_and_append(log, values):
        if values["step"] == step:
            action()
        append(log, values)

    monkeypatch.setattr(LossLog, "append", act_and_append)


# The folder


def test_a_second_process_on_one_run_is_refused_and_changes_nothing(make_config):
    config = make_config()
    with FolderLock(config.run.run_dir):
        before = contents(config.run.run_dir)
        with pytest.raises(InputError, match="is in use by process"):
            train_as(config, "--steps=6")
        assert contents(config.run.run_dir) == before


@contextlib.contextmanager
def full_disk(free):
    """No file of this process can grow beyond so many bytes; the error is that of a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("validate_every", [1, 0])
def test_ruined_weights_are_not_saved_into_a_new_folder(
    continued, validation_dir, monkeypatch, validate_every
):
    """What there is is saved where the folder was deleted, but not what is of no use."""
    run_dir = Path(continued.run.run_dir)
    poison(continued, "optimizer/adam/conv1_1_weights_momentum", np.inf)
    at_step(monkeypatch, 8, lambda: shutil.rmtree(run_dir))
    changes = {"validation_dir": str(validation_dir), "validate_every": validate_every}
    with pytest.raises(InputError, match="Step 8 made weights that are not finite"):
        train_as(with_values(continued, steps=9, checkpoint_every=1, **changes))
    assert not list_checkpoints(run_dir)


@pytest.mark.usefixtures("quick_steps", "quick_examples")
def test_no_room_for_a_checkpoint_leaves_those_before(continued):
    folder = checkpoint_path(Path(continued.run.run_dir), 7).parent
    before = contents(folder)
    (folder / ".dim_tf.x1y2.part").write_bytes(b"half, of a killed process")
    (folder.parent / ".dim_tf.x1y2.part").write_bytes(b"half a log")
    others = folder.parent / "mattes" / ".dim_tf.x1y2.part", folder.parent / ".film.part"
    others[0].parent.mkdir()
    for other in others:
        other.write_bytes(b"another program may be writing it")
    message = (
        r"step-00000008\.npz cannot be written: .* The run stops; the last checkpoint, of step 7"
    )
    with full_disk(20_000), pytest.raises(InputError, match=message):
        train_as(with_values(continued, steps=9))
    assert contents(folder) == before
    assert not list(folder.parent.glob(".dim_tf.*.part"))
    assert all(other.exists() for other in others)
    assert [row["step"] for row in read_loss_log(Path(continued.run.run_dir))] == list(range(1, 9))


@pytest.mark.usefixtures("quick_steps", "quick_examples")
def test_no_room_for_the_logs_is_a_sentence(make_config):
    config = make_config(steps=6, checkpoint_every=3)
    with full_disk(100), pytest.raises(InputError, match=r"cannot be written.*no checkpoint yet"):
        train_as(config)
    assert list_checkpoints(Path(config.run.run_dir)) == []


@pytest.mark.usefixtures("quick_steps", "quick_examples")
def test_a_run_that_nobody_can_watch_any_more_goes_on(make_config, gone_stderr):
    config = make_config(steps=3, progress=True, log_every=1)
    gone_stderr(False)
    assert train_as(config).step == 3
    assert checkpoint_path(Path(config.run.run_dir), 3).exists()


@pytest.mark.usefixtures("quick_steps", "quick_examples")
@pytest.mark.slow
def test_a_folder_deleted_during_the_run_costs_no_step(make_config, monkeypatch):
    config = make_config(steps=6, checkpoint_every=3)
    at_step(monkeypatch, 2, lambda: shutil.rmtree(config.run.run_dir))
    with pytest.raises(InputError, match=r"deleted or moved during the run\. Step 3 was saved"):
        train_as(config, "--flags\n")
    assert (Path(config.run.run_dir) / FLAGFILE_NAME).read_text() == "--flags\n"
    monkeypatch.undo()
    assert train_as(config).step == 6


@pytest.mark.usefixtures("quick_steps", "quick_examples")
def test_a_folder_that_another_run_has_taken_is_left_alone(make_config, monkeypatch):
    config = make_config(steps=6, checkpoint_every=3)
    run_dir = Path(config.run.run_dir)

    def replace_it():
        shutil.rmtree(run_dir)
        (run_dir / "checkpoints").mkdir(parents=True)
        (run_dir / LOCK_NAME).write_text("of another process")
        checkpoint_path(run_dir, 3).write_bytes(b"of another run")

    at_step(monkeypatch, 2, replace_it)
    with pytest.raises(InputError, match="no longer the folder that this run began in"):
        train_as(config)
    assert checkpoint_path(run_dir, 3).read_bytes() == b"of another run"
    assert (run_dir / LOCK_NAME).read_text() == "of another process"


@pytest.mark.usefixtures("quick_steps", "quick_examples")
def test_folders_with_the_names_of_checkpoints_are_none(make_config):
    config = make_config(steps=4, checkpoint_every=1, keep_checkpoints=1)
    run_dir = Path(config.run.run_dir)
    for step in (1, 7):
        (checkpoint_path(run_dir, step) / "in_it").mkdir(parents=True)
    with pytest.raises(InputError, match=r"step-00000001\.npz cannot be written: Is a directory"):
        train_as(config)
    shutil.rmtree(checkpoint_path(run_dir, 1))
    train_as(config)
    assert list_checkpoints(run_dir) == [checkpoint_path(run_dir, 4)]
    assert (checkpoint_path(run_dir, 7) / "in_it").is_dir()


@pytest.mark.usefixtures("quick_steps", "quick_examples")
def test_a_checkpoint_that_is_there_no_more_is_not_called_intact(make_config, monkeypatch):
    config = make_config(steps=3, checkpoint_every=1)
    folder = checkpoint_path(Path(config.run.run_dir), 1).parent

    def replace_by_a_file():
        shutil.rmtree(folder)
        folder.touch()

    at_step(monkeypatch, 2, replace_by_a_file)
    with pytest.raises(InputError, match="the last checkpoint, of step 1, is there no more"):
        train_as(config)


# Bad examples


@pytest.fixture
def damaged_dataset(dataset, tmp_path):
    """The dataset with one foreground damaged."""
    shutil.copytree(dataset, tmp_path / "data")
    file = tmp_path / "data" / "eps" / "two.png"
    file.write_bytes(file.read_bytes()[:3000])
    return tmp_path / "data"


def test_bad_examples_are_named_skipped_and_counted(make_config, damaged_dataset, caplog, capsys):
    config = make_config(data_dir=str(damaged_dataset), steps=6, batch_size=2, decoded_gigabytes=0)
    start_run(config, "")
    assert len(read_loss_log(Path(config.run.run_dir))) == 6
    ((reason, count),) = read_arrays(checkpoint_path(Path(config.run.run_dir), 6))[2][
        "skipped_examples"
    ].items()
    assert reason.startswith(f"{damaged_dataset}/eps/two.png is ")
    # Two epochs of two pairs each, and whatever was drawn in their place and as bad.
    manifest, examples = open_dataset(config.data.data_dir, config.run.examples)
    batches = training_examples(manifest, examples, seed=config.run.seed, batch_size=12)
    assert count == next(iter(batches))["attempt"].numpy().sum() >= 4
    assert caplog.text.count("is skipped, another one takes its place") == 1
    output = capsys.readouterr().out
    assert f"{count} examples were skipped" in output and f"{count} times: {reason}" in output


@pytest.mark.usefixtures("quick_steps", "quick_examples")
def test_where_pictures_are_gone_the_steps_before_are_saved(make_config, monkeypatch):
    said = "{{function_node __wrapped__IteratorGetNext}} two.png; No such file [Op:IteratorGetNext]"
    batches_of = loop._batches

    def four_batches(*arguments):
        yield from itertools.islice(batches_of(*arguments), 4)
        raise tf.errors.NotFoundError(None, None, said)

    monkeypatch.setattr(loop, "_batches", four_batches)
    config = make_config(steps=6, checkpoint_every=3)
    message = (
        r"did its files change during the run\? \(two\.png; No such file\) The run stops; the last "
        r"checkpoint, of step 4, is intact\.$"
    )
    with pytest.raises(InputError, match=message):
        train_as(config)
    assert list_checkpoints(Path(config.run.run_dir))[0].stem == "step-00000004"
    monkeypatch.undo()
    assert len(read_loss_log(Path(config.run.run_dir))) == 4


# Numbers


@pytest.fixture
def break_gradient(monkeypatch):
    """Makes the gradient that flows back into a layer NaN for examples of a pair."""

    def install(layer_name, pair):
        build, make_step = loop.build_network, loop.make_train_step
        factor = tf.Variable(1.0)

        @tf.custom_gradient
        def with_broken_gradient(x):
            return tf.identity(x), lambda upstream: upstream * factor

        def build_broken(*arguments, **keywords):
            network = build(*arguments, **keywords)
            layer = network.get_layer(layer_name)
            call = layer.call

            def broken_call(x, *others, **more):
                return with_broken_gradient(call(x, *others, **more))

            layer.call = broken_call
            return network

        def make_telling_step(*arguments):
            step = make_step(*arguments)

            def tell_and_step(batch, stop):
                factor.assign(np.nan if np.any(batch["pair"].numpy() == pair) else 1.0)
                return step(batch, stop)

            return tell_and_step

        monkeypatch.setattr(loop, "build_network", build_broken)
        monkeypatch.setattr(loop, "make_train_step", make_telling_step)

    return install


def pairs_of(config, steps):
    manifest, examples = open_dataset(config.data.data_dir, config.run.examples)
    batches = training_examples(manifest, examples, seed=config.run.seed, batch_size=1)
    return manifest, [int(batch["pair"][0]) for batch in batches.take(steps)]


def test_a_nan_gradient_names_step_example_and_layer(make_config, break_gradient):
    config = make_config(steps=6, checkpoint_every=1)
    manifest, pairs = pairs_of(config, 6)
    step = 4
    break_gradient("conv3_2", pairs[step - 1])
    with pytest.raises(InputError) as told:
        train_as(config)
    name = manifest.foreground_name(pairs[step - 1])
    assert str(told.value).startswith(
        f"The gradient of layer conv3_2 and of 5 layers before it at step {step} is not finite "
        f"(example {name} on {manifest.background_name(pairs[step - 1])}); the last checkpoint, of "
        f"step {step - 1}, is intact."
    )
    arrays, _, progress = read_arrays(list_checkpoints(Path(config.run.run_dir))[0])
    assert progress["step"] == step - 1
    assert all(np.isfinite(array).all() for array in arrays.values())


@pytest.mark.slow
def test_nonfinite_steps_are_skipped_up_to_the_number_given(make_config, break_gradient, caplog):
    """A skipped step changes nothing but the count: the next one starts from the same weights."""
    config = make_config(steps=3, checkpoint_every=1, keep_checkpoints=9, skip_nonfinite=2)
    _, pairs = pairs_of(config, 7)
    break_gradient("conv3_2", pairs[1])  # comes again in the second epoch, at step 7 or later
    result = train_as(config)
    assert result.step == 3 and result.skipped_steps == 1
    assert "it is skipped, the 1. of at most 2" in caplog.text
    saved = [read_arrays(checkpoint_path(Path(config.run.run_dir), step)) for step in (1, 2, 3)]
    for name, array in saved[0][0].items():
        if "learning_rate" not in name:
            np.testing.assert_array_equal(array, saved[1][0][name], name)
    moved = "network/conv3_2/weights", "network/deconv6/moving_mean", "optimizer/adam/iteration"
    assert all(np.any(saved[1][0][name] != saved[2][0][name]) for name in moved)
    assert saved[2][2]["skipped_steps"] == 1
    with pytest.raises(InputError, match="is not finite"):  # the count outlives a resume
        train_as(with_values(config, steps=12, skip_nonfinite=1))


def test_skipping_is_refused_where_it_cannot_work(make_config):
    with pytest.raises(InputError, match="does not go with --strategy=mirrored"):
        train_as(make_config(skip_nonfinite=1, strategy="mirrored"))
