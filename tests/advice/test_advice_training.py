"""What a run says of its flags, its folder, its data, its numbers, and what comes out of it."""

import dataclasses
import os
import re
import resource
import shlex
import shutil
import signal
import types
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from dim_tf.commands.prepare import make_dataset
from dim_tf.commands.train import start_run
from dim_tf.config import (
    NetworkConfig,
    OfflineConfig,
    OptimizationConfig,
    TrainingConfig,
    with_values,
)
from dim_tf.config.flags import config_from_arguments, flagfile_text
from dim_tf.dataset.manifest import read_manifest, write_manifest
from dim_tf.examples.pipeline import training_examples, what_is_wrong
from dim_tf.model.checkpoint_choice import find_checkpoint
from dim_tf.model.network import build_network
from dim_tf.model.run_folder import checkpoint_path, list_checkpoints
from dim_tf.model.vgg16 import assign_vgg16, read_vgg16
from dim_tf.model.weights import read_arrays, save_weights
from dim_tf.pictures.picture import read_stored
from dim_tf.pictures.writing import write_png
from dim_tf.training import loop, start
from dim_tf.training.progress import LOSS_LOG_NAME
from dim_tf.training.release import release, release_average
from dim_tf.training.settled import settled
from dim_tf.training.start import make_optimizer, make_strategy, warn_of_slow_precision
from dim_tf.training.validation import list_validation_images
from tests.advice.provoking import flags_in, refused, told
from tests.model.test_vgg16 import scaled_vgg16, vgg16_shapes, write_npz
from tests.training.run_files import train_as
from tests.training.test_faults import at_step, full_disk
from tests.training.worker_processes import tf_config

SHORT = {"steps": 2, "checkpoint_every": 1}
pytestmark = pytest.mark.usefixtures("quick_steps", "quick_examples")


def followed(config, *flags):
    """The run with these flags as well."""
    return config_from_arguments(TrainingConfig, [*flagfile_text(config).splitlines(), *flags])


# Which flags


@pytest.mark.parametrize("name", ["data_dir", "run_dir"])
def test_the_folders_are_given(make_config, name, capsys):
    config = make_config(**SHORT)
    advice = "--{} is missing; give a folder (see --help)."
    refused(advice, start_run, with_values(config, **{name: ""}), "")
    start_run(config, "")
    assert list_checkpoints(Path(config.run.run_dir))
    # What it says at its end is an argument of dim-tf matte.
    line = told("Try it: dim-tf matte --checkpoint={}", capsys.readouterr().out)
    (flag,) = flags_in(line)
    assert find_checkpoint(flag.partition("=")[2]).is_file()


def test_the_folder_of_the_run_is_given_by_the_chief_alone(make_config, monkeypatch):
    """What a worker does next is in tests/training/test_workers.py."""
    started = []

    def train(run, data_dir, flagfile):
        started.append(run.run_dir)
        return loop.TrainingResult(3, None, {}, 0, None, None)

    monkeypatch.setattr(loop, "train", train)
    config = make_config(strategy="multi_worker", batch_size=2)
    without = with_values(config, run_dir="")
    for index, chief in enumerate((True, False)):
        monkeypatch.setenv("TF_CONFIG", tf_config(["localhost:2222", "localhost:2223"], index))
        if chief:
            refused("--{} is missing; give a folder (see --help).", start_run, without, "")
        else:
            start_run(without, "")
    assert started == [""]


def test_photos_are_those_of_procedural_mattes(make_config, tmp_path):
    config = make_config(photos_dir=str(tmp_path))
    advice = "--photos_dir is of --synthetic; leave it out, or give both."
    refused(advice, start_run, config, "")
    start_run(with_values(config, photos_dir="", steps=1), "")


def test_settings_that_go_together_are_given(make_config):
    for changes in ({"train_stage": "refinement"}, {"initial_correction": "random"}):
        config = make_config(**changes)
        sentence = refused("--{}={} needs --refine.", settled, config.run)
        settled(followed(config, re.search(r"needs (--\w+)", sentence)[1]).run)
    for flag, advice in (
        ("--nobatch_norm", "--freeze_batch_norm does not go with --nobatch_norm."),
        (
            "--bn_eval=batch",
            "--freeze_batch_norm does not go with --bn_eval=batch, which has no averages.",
        ),
    ):
        config = followed(make_config(freeze_batch_norm=True), flag)
        refused(advice, settled, config.run)
        settled(followed(config, "--nofreeze_batch_norm").run)
    config = make_config(skip_nonfinite=1, strategy="mirrored")
    advice = "--skip_nonfinite does not go with --strategy={}."
    refused(advice, settled, config.run)
    for flag in ("--skip_nonfinite=0", "--strategy=default"):
        settled(followed(config, flag).run)


def test_a_batch_is_a_multiple_of_the_devices(monkeypatch):
    two = types.SimpleNamespace(num_replicas_in_sync=2)
    monkeypatch.setattr(tf.distribute, "MirroredStrategy", lambda: two)
    advice = "--batch_size={} does not divide over {} devices; give a multiple."
    sentence = refused(advice, make_strategy, "mirrored", 3)
    devices = int(re.search(r"over (\d+) devices", sentence)[1])
    for factor in (1, 2):
        assert make_strategy("mirrored", factor * devices) is two


def test_keras_computes_in_float32():
    network = build_network(NetworkConfig(width=1 / 32, fc6="1x1"))
    advice = (
        'Keras computes in {} by its settings, and training needs float32; set "floatx" to '
        '"float32" in ~/.keras/keras.json.'
    )
    keras.config.set_floatx("float16")
    try:
        sentence = refused(advice, make_optimizer, OptimizationConfig(), 1e-4, network)
        keras.config.set_floatx(re.search(r'to "(\w+)"', sentence)[1])
        make_optimizer(OptimizationConfig(), 1e-4, network)
    finally:
        keras.config.set_floatx("float32")


def test_float32_is_said_nothing_of(monkeypatch, caplog):
    monkeypatch.setattr(start, "bfloat16_is_faster_through_float32", lambda: True)
    warn_of_slow_precision("bfloat16")
    line = told(
        "so --mixed_precision=float32 is as fast and more exact; a run keeps what it began with",
        caplog.text,
    )
    caplog.clear()
    warn_of_slow_precision(re.search(r"--mixed_precision=(\w+)", line)[1])
    assert caplog.text == ""


# Weights to begin with


@pytest.fixture
def vgg_file(tmp_path):
    arrays = {key: np.full(shape, 0.01, np.float16) for key, shape in vgg16_shapes().items()}
    return write_npz(tmp_path / "vgg16_weights.npz", arrays)


def test_one_file_of_weights_is_given(make_config, tiny_checkpoint, vgg_file):
    same = {"width": 1 / 16, "skip": True, "normalize_input": True}
    config = make_config(**SHORT, **same, init_from=str(tiny_checkpoint), vgg_weights=vgg_file)
    refused("Give either --init_from or --vgg_weights, not both.", train_as, config)
    for number, left_out in enumerate(("init_from", "vgg_weights")):
        one = with_values(config, **{left_out: ""}, run_dir=f"{config.run.run_dir}_{number}")
        assert train_as(one).step == 2


def test_vgg16_is_normalized_where_it_is_given(make_config, vgg_file):
    config = make_config(**SHORT, normalize_vgg=True)
    sentence = refused("--normalize_vgg needs --vgg_weights.", train_as, config)
    flag = re.search(r"needs (--\w+)", sentence)[1]
    assert train_as(followed(config, f"{flag}={vgg_file}")).step == 2


def test_init_from_gets_the_flags_it_was_trained_with(make_config, tiny_checkpoint):
    config = make_config(**SHORT, init_from=str(tiny_checkpoint))
    sentence = refused("--init_from={} was trained with {}; give the same flags.", train_as, config)
    flags = flags_in(sentence)[1:]
    assert train_as(followed(config, *flags)).step == 2


def test_an_encoder_that_begins_random_is_told(make_config, vgg_file, caplog):
    caplog.set_level("INFO", logger="absl")
    config = make_config(**SHORT)
    train_as(config)
    told("All weights begin random; --vgg_weights takes VGG16's for the encoder.", caplog.text)
    caplog.clear()
    train_as(followed(config, f"--vgg_weights={vgg_file}", f"--run_dir={config.run.run_dir}_2"))
    assert "random" not in caplog.text


def test_vgg16_is_looked_for_and_downloaded(tmp_path, monkeypatch, vgg_file):
    advice = (
        "--vgg_weights={} does not exist; check the path, or give --vgg_weights=keras, which "
        "downloads the same weights."
    )
    refused(advice, read_vgg16, "vgg.npz")
    monkeypatch.setattr("keras.applications.VGG16", lambda **more: 1 / 0)
    advice = "download vgg16_weights.npz and give its path instead."
    refused("the weights cannot be downloaded ({}); " + advice, read_vgg16, "keras")
    assert read_vgg16(vgg_file).keys() == vgg16_shapes().keys()


def test_a_network_no_wider_than_vgg16_is_filled(make_config):
    weights = scaled_vgg16(32)  # as narrow a VGG16 beside as narrow a network
    network = build_network(make_config(width=1 / 16).run.network)
    advice = "--vgg_weights cannot fill a network wider than VGG16; use --width=1 or less."
    refused(advice, assign_vgg16, network, weights)
    assign_vgg16(build_network(make_config(width=1 / 32).run.network), weights)


def test_a_damaged_checkpoint_is_replaced_by_another_copy(tiny_checkpoint, tmp_path):
    copy = tmp_path / "copy.npz"
    copy.write_bytes(tiny_checkpoint.read_bytes()[:-99])
    advice = "is damaged or no checkpoint of this program ({}); use another copy."
    refused(advice, read_arrays, copy)
    shutil.copy(tiny_checkpoint, copy)
    assert read_arrays(copy)


# The folder of a run


def test_a_run_goes_on_with_the_flags_it_was_begun_with(make_config):
    config = make_config(**SHORT)
    train_as(with_values(config, steps=1))
    changed = with_values(config, crop_sizes=(64,), batch_size=2, hard_list="", jpeg=0.5)
    advice = "{} holds a run that was begun with {}; give the same flags, or another --run_dir{}."
    sentence = refused(advice, train_as, changed)
    assert ", with --init_from to start from this run's weights" in sentence
    assert train_as(followed(changed, *flags_in(sentence))).step == 2
    another = with_values(changed, run_dir=f"{config.run.run_dir}_2", init_from=config.run.run_dir)
    assert train_as(another).step == 2


def test_a_run_of_another_network_does_not_offer_its_weights(make_config):
    config = make_config(**SHORT)
    train_as(with_values(config, steps=1))
    changed = with_values(config, width=1 / 16, batch_norm=False)
    sentence = refused("give the same flags, or another --run_dir", train_as, changed)
    assert "--init_from" not in sentence
    assert train_as(followed(changed, *flags_in(sentence))).step == 2
    assert train_as(with_values(changed, run_dir=f"{config.run.run_dir}_2")).step == 2


def test_a_stage_more_is_offered_the_runs_weights(make_config):
    config = make_config(**SHORT)
    train_as(with_values(config, steps=1))
    changed = with_values(config, refine=True)
    refused(", with --init_from to start from this run's weights", train_as, changed)
    another = with_values(changed, run_dir=f"{config.run.run_dir}_2", init_from=config.run.run_dir)
    assert train_as(another).step == 2


def test_a_run_that_is_there_is_resumed_or_another_folder_given(make_config):
    config = make_config(**SHORT, resume=False)
    train_as(with_values(config, steps=1))
    sentence = refused(
        "{} already holds a run; give another --run_dir, or --resume.", train_as, config
    )
    assert train_as(followed(config, re.search(r"or (--\w+)\.", sentence)[1])).step == 2
    assert train_as(with_values(config, run_dir=f"{config.run.run_dir}_2")).step == 2


def test_where_no_checkpoint_can_be_read_another_folder_is_given(make_config):
    config = make_config(**SHORT)
    train_as(config)
    for path in list_checkpoints(Path(config.run.run_dir)):
        path.write_bytes(b"no zip")
    advice = "can be read; give another --run_dir to start anew."
    refused("None of the {} checkpoints in {} " + advice, train_as, config)
    assert train_as(with_values(config, run_dir=f"{config.run.run_dir}_2")).step == 2


def test_what_was_stopped_goes_on_with_the_same_command(make_config, monkeypatch, capsys):
    config = make_config(steps=3)
    with monkeypatch.context() as patch:
        at_step(patch, 2, lambda: os.kill(os.getpid(), signal.SIGTERM))
        with pytest.raises(SystemExit, match="143"):
            start_run(config, "")
    told("Stopped at step {} of {}, saved; the same command goes on.", capsys.readouterr().out)
    start_run(config, "")
    told("Try it: dim-tf matte --checkpoint={}", capsys.readouterr().out)


def test_where_there_is_room_again_the_same_command_goes_on(make_config):
    config = make_config(steps=3)
    with full_disk(20_000):
        refused("When there is room again the same command goes on.", train_as, config)
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 20_000
    assert train_as(config).step == 3


def test_a_folder_that_was_deleted_goes_on_with_the_same_command(make_config, monkeypatch):
    config = make_config(steps=3)
    with monkeypatch.context() as patch:
        at_step(patch, 2, lambda: shutil.rmtree(config.run.run_dir))
        refused("without the logs of the steps before; the same command goes on.", train_as, config)
    assert train_as(config).step == 3


def test_a_folder_in_the_place_of_the_loss_log_is_moved_away(make_config):
    config = make_config(steps=2, checkpoint_every=1)
    train_as(with_values(config, steps=1))
    log = Path(config.run.run_dir) / LOSS_LOG_NAME
    log.unlink()
    log.mkdir()
    advice = "{} cannot be read: {}; move it away, and the same command goes on."
    refused(advice, train_as, config)
    log.rename(log.with_name("moved"))
    assert train_as(config).step == 2


@pytest.mark.parametrize("name", ["run ", "run\n--steps=9", "run\x85"])
def test_folders_have_names_that_a_flagfile_keeps(make_config, name):
    advice = "flags; give one without a line break or a blank at its end."
    refused(advice, flagfile_text, make_config(run=name))
    config = make_config(run=" a run\tof 'mine' ü")
    assert followed(config) == config


# Data


@pytest.mark.parametrize("part", ["trimap", "alpha"])
def test_a_picture_to_validate_on_is_added(tmp_path, write_photo, write_trimap, part):
    for name in ("a", "b"):
        write_photo(tmp_path / "rgb" / f"{name}.png")
        write_trimap(tmp_path / "trimap" / f"{name}.png")
        write_trimap(tmp_path / "alpha" / f"{name}.png")
    (tmp_path / part / "b.png").unlink()
    sentence = refused("{}/{} has no picture named {}; add it.", list_validation_images, tmp_path)
    folder, name = re.search("(.*) has no picture named (.*); add", sentence).groups()
    write_trimap(Path(folder) / f"{name}.png")
    assert len(list_validation_images(tmp_path)) == 2


SPOILT = {
    "damaged": lambda alpha, eps: eps.write_bytes(eps.read_bytes()[:200]),
    "of another size": lambda alpha, eps: write_png(eps, np.zeros((9, 9, 3), np.uint8)),
    "without an edge": lambda alpha, eps: write_png(alpha, 0 * read_stored(alpha)),
}


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_spoilt_picture_is_deleted_and_made_again(
    make_config, tmp_path, spoil, monkeypatch, write_mask, write_photo
):
    monkeypatch.setattr(loop, "training_examples", training_examples)  # with pictures
    write_mask(tmp_path / "alpha" / "a.png")
    for folder in ("eps", "bg"):
        write_photo(tmp_path / folder / "a.png")
    folders = {f"{kind}_dir": str(tmp_path / kind) for kind in ("alpha", "eps", "bg")}
    offline = with_values(
        OfflineConfig(),
        out_dir=str(tmp_path / "data"),
        **folders,
        pad="none",
        workers=1,
        progress=False,
    )
    make_dataset(offline)
    manifest = read_manifest(offline.out_dir)
    SPOILT[spoil](manifest.alpha_path(0), manifest.eps_path(0))
    config = make_config(steps=1, data_dir=offline.out_dir, strict=True)
    advice = "{} Delete what is named and run dim-tf prepare again with the same settings."
    for named in re.findall(r"/\S+\.png", refused(advice, train_as, config)):
        Path(named).unlink()
    assert make_dataset(offline).written
    assert what_is_wrong(manifest, 0) is None


# Numbers


def test_a_smaller_learning_rate_keeps_weights_finite(make_config):
    config = make_config(steps=1, learning_rate=1e39)
    advice = "made weights that are not finite; {}. Try a smaller --learning_rate."
    refused(advice, train_as, config)
    assert train_as(with_values(config, learning_rate=1e-4)).step == 1


def test_steps_that_are_not_finite_are_skipped_as_many_as_said(make_config, quick_steps):
    """What is left of such a step is tested in test_faults.py."""
    config = make_config(steps=12)
    quick_steps.extend(range(2, 12))
    advice = "{}; {}. Try a smaller --learning_rate, or --skip_nonfinite=10 to skip up to 10 such"
    (flag,) = flags_in(refused(advice, train_as, config))
    result = train_as(followed(config, flag))
    assert (result.step, result.skipped_steps) == (12, 10)


# Released weights


def test_weights_beyond_half_precision_are_written_in_full(make_config, tmp_path):
    network_config = make_config().run.network
    network = build_network(network_config)
    kernel = network.get_layer("conv1_1").kernel
    kernel.assign(kernel + 70_000)
    save_weights(tmp_path / "run.npz", network, network_config, {}, half=False)
    advice = "{} has values beyond half precision; write it with half=False."
    refused(advice, save_weights, tmp_path / "w.npz", network, network_config, {})
    save_weights(tmp_path / "w.npz", network, network_config, {}, half=False)
    refused("write it with half=False.", release, tmp_path / "run.npz", tmp_path / "released.npz")
    release(tmp_path / "run.npz", tmp_path / "released.npz", half=False)
    assert read_arrays(tmp_path / "released.npz")


def test_more_checkpoints_are_kept_or_fewer_averaged(make_config, tmp_path):
    config = make_config(steps=3, checkpoint_every=1, keep_checkpoints=2)
    train_as(config)
    run, output, data = config.run.run_dir, tmp_path / "average.npz", config.data.data_dir
    advice = "train with a larger --keep_checkpoints, or average fewer."
    few = {"statistics_batches": 0}
    sentence = refused(advice, release_average, run, output, data, last=3, **few)
    assert f"{run} holds 2 checkpoints, not 3" in sentence
    assert len(release_average(run, output, data, last=2, **few)) == 2
    advice = "last={} is not possible; give a whole number from 1 on, or None."
    for last in (0, -1, 1.5):
        refused(advice, release_average, run, output, data, last=last, **few)
    assert len(release_average(run, output, data, last=None, **few)) == 2
    advice = "No checkpoint of {} is to be averaged; give the folder of a run."
    refused(advice, release_average, tmp_path, output, data, **few)
    more = with_values(config, keep_checkpoints=3, run_dir=f"{run}_2")
    train_as(more)
    assert len(release_average(more.run.run_dir, output, data, last=3, **few)) == 3
    assert checkpoint_path(Path(more.run.run_dir), 1).exists()


def test_the_statistics_are_of_the_dataset_of_the_run(make_config, tmp_path):
    config = make_config(steps=2, checkpoint_every=1)
    train_as(config)
    run, output, data = config.run.run_dir, tmp_path / "average.npz", config.data.data_dir
    manifest = read_manifest(shutil.copytree(data, tmp_path / "data"))
    other = dataclasses.replace(manifest, pairs=manifest.pairs[:-1])
    write_manifest(other)
    advice = "{} was trained on {}, not on {}; give the dataset of the run."
    sentence = refused(advice, release_average, run, output, str(other.data_dir))
    assert f"trained on {manifest.fingerprint()}, not" in sentence
    assert not output.exists()
    assert release_average(run, output, data, statistics_batches=1)


def test_a_step_that_memory_does_not_hold_is_made_smaller(make_config, monkeypatch):
    config = make_config(**SHORT, batch_size=2)
    steps = loop.make_train_step
    room = [1]

    def make_train_step(losses, optimization, network, optimizer, strategy):
        step = steps(losses, optimization, network, optimizer, strategy)

        def with_little_memory(batch, stop):
            if len(batch["attempt"]) > room[0]:
                raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating")
            return step(batch, stop)

        return with_little_memory

    monkeypatch.setattr(loop, "make_train_step", make_train_step)
    advice = (
        "There is not enough memory for a step of training; {}. Where another program takes it, "
        "the same command goes on when there is room; otherwise give a smaller --batch_size, "
        "--input_size or --width, or --fc6=1x1, and another --run_dir."
    )
    sentence = refused(advice, train_as, config)
    assert "; there is no checkpoint yet. " in sentence
    smaller = followed(config, "--batch_size=1", f"--run_dir={config.run.run_dir}_2")
    assert train_as(smaller).finished
    room[0] = 2
    assert train_as(config).finished


def test_a_checkpoint_that_is_missing_is_trained_by_the_quickstart(
    make_config, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)  # the flagfile is found from anywhere
    sentence = refused(
        "Train one with dim-tf train --flagfile=quickstart.flags.", find_checkpoint, "x.npz"
    )
    flags = shlex.split(sentence.split("dim-tf train ")[1].rstrip("."))
    config = config_from_arguments(TrainingConfig, flags)
    here = make_config()  # in a folder of the test, and short
    short = {"data_dir": here.data.data_dir, "run_dir": here.run.run_dir, "preview": False}
    start_run(with_values(config, **short, steps=1, width=1 / 32, crop_sizes=(160,)), "")
    assert find_checkpoint(here.run.run_dir).is_file()
