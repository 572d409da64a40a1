"""Two processes train as one does."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from dim_tf.config import with_values
from dim_tf.model.run_folder import checkpoint_path, list_checkpoints, step_of
from dim_tf.system.folder_lock import LOCK_NAME
from dim_tf.training.progress import LOSS_LOG_NAME
from dim_tf.training.records import FLAGFILE_NAME
from tests.training.conftest import run_config
from tests.training.run_files import arrays_of, losses_of, train_as
from tests.training.worker_processes import (
    end_of,
    free_ports,
    kill,
    start_workers,
    wait_until_there,
)

STEPS = 20
# Of a run that is interrupted: before its end, however quick the machine is.
MORE_STEPS = 40
# Of this process alone: another run of the tests may be at it.
NAMESPACES = tuple(f"dim_tf_{os.getpid()}_{number}" for number in range(2))
# These start processes of their own, on all cores; beside each other they would only wait.
pytestmark = pytest.mark.xdist_group("workers")


@pytest.fixture(scope="module")
def together(dataset, tmp_path_factory):
    """A run of two workers from beginning to end, and what its processes said."""
    folder = tmp_path_factory.mktemp("together")
    config = run_config(
        dataset,
        folder / "run",
        steps=STEPS,
        batch_size=2,
        learning_rate=1e-4,
        checkpoint_every=5,
        keep_checkpoints=99,
        image_every=20,
        preview=True,
        clip_norm=0.01,
    )
    changes = ({}, {"run_dir": ""})  # the other worker does without the run's folder
    ends = end_of(start_workers(config, folder, changes=changes))
    assert [status for status, *_ in ends] == [0, 0], ends
    return config, ends


@pytest.fixture(scope="module")
def alone(together, tmp_path_factory):
    """The same run of one process."""
    config = with_values(together[0], run_dir=str(tmp_path_factory.mktemp("alone")), steps=STEPS)
    train_as(config)
    return config


def run_dir_of(config):
    return Path(config.run.run_dir)


def kill_and_hear_of_it(processes, number, addresses):
    """Kills one of two workers; the other ends within 30 seconds, with one sentence."""
    kill(processes[number])
    started = time.monotonic()
    status, _, errors = end_of(processes)[1 - number]
    assert time.monotonic() - started < 30
    assert status == 1
    lost = f"Worker {number} ({addresses[number]})"
    assert errors.startswith(f"train.py: {lost} is lost: it has ended, or its ")
    assert errors.count("\n") == 1


def distance(actual, expected):
    return np.linalg.norm(actual - expected) / max(np.linalg.norm(expected), 1e-30)


def assert_equal_but_for_ties(actual, expected):
    """As rounding allows; in few steps a max pooling takes the other of two nearly equal pixels."""
    difference = np.abs(np.divide(actual, expected) - 1)
    assert difference.max() < 1e-3, difference
    assert np.mean(difference > 1e-5) <= 0.2, difference


def test_two_workers_learn_what_one_process_does_with_both_examples(together, alone):
    for column in ("total_loss", "alpha_loss", "comp_loss", "unknown_error", "mean_unknown_alpha"):
        losses = losses_of(run_dir_of(together[0]), column)
        assert_equal_but_for_ties(losses, losses_of(run_dir_of(alone), column))
    # What began at 0 is a sum of Adam's steps alone, each as uncertain as the sign of a gradient
    # near 0; of the weights that is a small part.
    expected = arrays_of(run_dir_of(alone), STEPS)
    for name, array in arrays_of(run_dir_of(together[0]), STEPS).items():
        bound = 1e-5 if name.endswith(("/weights", "gamma", "moving_variance")) else 1e-4
        assert distance(array, expected[name]) < bound, name


def test_the_chief_alone_writes(together):
    config, ends = together
    assert not Path(LOSS_LOG_NAME).exists()  # in the folder that the other was started in
    written = {path.name for path in run_dir_of(config).iterdir()}
    assert written >= {"checkpoints", "tensorboard", LOSS_LOG_NAME, "before_after.png"}
    assert LOCK_NAME not in written and (run_dir_of(config) / FLAGFILE_NAME).exists()
    assert f"step {STEPS}: mean absolute error" in ends[0][1]
    assert ends[1][1] == ""
    errors = [errors for *_, errors in ends]
    assert errors[0].count("\n") == 1 and "All weights begin random" in errors[0]
    assert errors[1] == ""


@pytest.mark.slow
def test_stopped_killed_and_started_again_it_is_the_same_run(together, tmp_path):
    """SIGTERM to one worker, then SIGKILL of one; each time the same commands go on."""
    config = with_values(together[0], run_dir=str(tmp_path / "run"), steps=MORE_STEPS)
    addresses = [f"localhost:{port}" for port in free_ports(2)]

    def start():
        return start_workers(config, tmp_path, addresses)

    processes = start()
    wait_until_there(checkpoint_path(run_dir_of(config), 5), processes)
    processes[1].send_signal(signal.SIGTERM)
    ends = end_of(processes)
    assert [status for status, *_ in ends] == [143, 143], ends
    step = step_of(list_checkpoints(run_dir_of(config))[0])
    assert f"Stopped at step {step} of {MORE_STEPS}, saved; the same command goes on." in ends[0][1]
    assert step < MORE_STEPS and len(losses_of(run_dir_of(config))) == step

    processes = start()
    wait_until_there(checkpoint_path(run_dir_of(config), 5 * (step // 5 + 1)), processes)
    kill_and_hear_of_it(processes, 1, addresses)
    assert len(losses_of(run_dir_of(config))) < MORE_STEPS

    ends = end_of(start())
    assert [status for status, *_ in ends] == [0, 0], ends
    expected = arrays_of(run_dir_of(together[0]), STEPS)
    for name, array in arrays_of(run_dir_of(config), STEPS).items():
        np.testing.assert_array_equal(array, expected[name], name)
    logs = [(run_dir_of(each) / LOSS_LOG_NAME).read_bytes() for each in (config, together[0])]
    assert logs[0].startswith(logs[1]) and len(losses_of(run_dir_of(config))) == MORE_STEPS


@pytest.mark.slow
def test_the_chief_killed_and_one_process_goes_on(together, tmp_path):
    config = with_values(together[0], run_dir=str(tmp_path / "run"), steps=20)
    addresses = [f"localhost:{port}" for port in free_ports(2)]
    processes = start_workers(config, tmp_path, addresses)
    wait_until_there(checkpoint_path(run_dir_of(config), 5), processes)
    kill_and_hear_of_it(processes, 0, addresses)
    assert len(losses_of(run_dir_of(config))) < 20

    saved = step_of(list_checkpoints(run_dir_of(config))[0])
    train_as(config)
    losses = losses_of(run_dir_of(together[0]))
    assert_equal_but_for_ties(losses_of(run_dir_of(config)), losses)
    # Later a pixel may win where two were equal, and gradients are others from there on.
    expected = arrays_of(run_dir_of(together[0]), saved + 5)
    for name, array in arrays_of(run_dir_of(config), saved + 5).items():
        assert distance(array, expected[name]) < 1e-4, name


@pytest.fixture
def two_hosts():
    """Two network namespaces with a cable between them: the address of each, and how to run there.

    Nothing of this machine's own network is seen or changed.
    """
    if not shutil.which("ip"):
        pytest.skip("iproute2 is not installed")
    addresses = ("10.111.0.1", "10.111.0.2")

    def ip(*arguments):
        return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)

    try:
        for namespace in NAMESPACES:
            made = ip("netns", "add", namespace)
            if made.returncode:
                pytest.skip(f"network namespaces are not allowed here: {made.stderr.strip()}")
        ends = ("veth0", "netns", NAMESPACES[0]), ("veth1", "netns", NAMESPACES[1])
        cable = ip("link", "add", *ends[0], "type", "veth", "peer", "name", *ends[1])
        if cable.returncode:
            pytest.skip(f"veth is not there: {cable.stderr.strip()}")
        for number, namespace in enumerate(NAMESPACES):
            device = f"veth{number}"
            ip("-n", namespace, "address", "add", f"{addresses[number]}/24", "dev", device)
            ip("-n", namespace, "link", "set", device, "up")
            ip("-n", namespace, "link", "set", "lo", "up")
        yield addresses, [["ip", "netns", "exec", namespace] for namespace in NAMESPACES]
    finally:
        for namespace in NAMESPACES:
            ip("netns", "delete", namespace)


@pytest.mark.slow
def test_workers_on_two_hosts_and_a_cut_cable(together, two_hosts, tmp_path):
    """The same run; and without a network, each ends within a minute."""
    hosts, prefixes = two_hosts
    config = with_values(together[0], run_dir=str(tmp_path / "run"), steps=100 * MORE_STEPS)
    addresses = [f"{host}:2222" for host in hosts]
    processes = start_workers(config, tmp_path, addresses, prefixes)
    wait_until_there(checkpoint_path(run_dir_of(config), 20), processes)
    expected = arrays_of(run_dir_of(together[0]), 20)
    for name, array in arrays_of(run_dir_of(config), 20).items():
        np.testing.assert_array_equal(array, expected[name], name)
    subprocess.run(["ip", "-n", NAMESPACES[0], "link", "set", "veth0", "down"], check=True)
    started = time.monotonic()
    ends = end_of(processes)
    assert time.monotonic() - started < 60
    assert [status for status, *_ in ends] == [1, 1], ends
    assert all(
        " is lost: it has ended, or its machine or the network has" in end[2] for end in ends
    )
