"""Runs of several worker processes on this machine."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from dim_tf.config import with_values
from dim_tf.config.flags import flagfile_text

ROOT = Path(__file__).resolve().parents[2]
# Seconds after which a process is taken to hang.
LIMIT = 180


def free_ports(count):
    """Ports of this machine that nobody uses now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def tf_config(addresses, index):
    return json.dumps(
        {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
    )


def start_workers(config, folder, addresses=None, prefixes=((), ()), changes=({}, {})):
    """Starts the two workers of a run.

    Args:
        config: of the run; the strategy is put in.
        folder: for their flagfiles.
        addresses: HOST:PORT of each; by default of this machine.
        prefixes: what stands before each command.
        changes: to the config, of each.

    Returns:
        The processes.
    """
    addresses = addresses or [f"localhost:{port}" for port in free_ports(2)]
    processes = []
    for index in range(2):
        own = with_values(config, strategy="multi_worker", **changes[index])
        flagfile = Path(folder) / f"worker_{index}.flags"
        flagfile.write_text(flagfile_text(own))
        processes.append(
            subprocess.Popen(
                [*prefixes[index], sys.executable, ROOT / "train.py", f"--flagfile={flagfile}"],
                env=os.environ | {"TF_CONFIG": tf_config(addresses, index)},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    return processes


def end_of(processes):
    """Waits for processes: (status, output, errors) of each; none is left behind."""
    try:
        ends = []
        for process in processes:
            output, errors = process.communicate(timeout=LIMIT)
            ends.append((process.returncode, output, errors))
        return ends
    finally:
        for process in processes:
            process.kill()


def wait_until_there(path, processes):
    """Waits until the run has written a file."""
    deadline = time.monotonic() + LIMIT
    while not path.exists():
        for process in processes:
            assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.002)


def kill(process):
    process.send_signal(signal.SIGKILL)
