"""The whole as it is started: two processes, of which the one that computes may die."""

import importlib.util
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import numpy as np
import pytest

from dim_tf.commands.matte import run_inference
from dim_tf.config import InferenceConfig, config_from_values
from dim_tf.pictures.writing import encode_png
from tests.commands.running import ROOT, run_command
from tests.page.asking import (
    MASK_FILE,
    PHOTO_FILE,
    TRIMAP_FILE,
    check_refusal,
    form,
    read_raw,
    send_raw,
    until,
)

pytestmark = [
    pytest.mark.xdist_group("page"),
    pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for processes in /proc"),
]
NETWORK = ("--post_process=none", "--precision=float32")
# Where it does not matter what computes: without TensorFlow a process is there in a second.
HAS_ONNX = all(importlib.util.find_spec(name) for name in ("onnx", "onnxruntime"))
SOON_READY = ("--runtime=onnx",) if HAS_ONNX else ()


# Bytes. Importing TensorFlow tries out the folder for temporary files.
LARGEST_FILE = 1_000


class Started:
    """`dim-tf page` in an empty folder, which can write no file that could hold a picture."""

    def __init__(self, checkpoint, folder, *flags):
        self.folder = folder
        for name in ("here", "temporary", "home"):
            (folder / name).mkdir(parents=True)
        environment = {
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(folder / "temporary"),
            "HOME": str(folder / "home"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        command = ["page", "--port=0", "--nobrowser", f"--checkpoint={checkpoint}", *NETWORK]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dim_tf", *command, *flags],
            cwd=folder / "here",
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE,) * 2),
        )
        self.first_line = self.process.stdout.readline()
        self.address = self.first_line.split()[4]
        self.client = httpx.Client(base_url=self.address, timeout=60)

    @property
    def port(self):
        return int(self.address.rpartition(":")[2])

    def computing(self):
        """The number of the process that computes, or None."""
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                number, _, rest = status.read_text().partition(" (")
                parent = rest.rpartition(") ")[2].split()[1]
                line = status.with_name("cmdline").read_text()
            except OSError:
                continue
            if parent == str(self.process.pid) and "spawn_main" in line:
                return int(number)
        return None

    def status(self):
        return self.client.get("/api/status").json()

    def post(self, path="/api/matte?output=trimap", **fields):
        return self.client.post(path, files=form(**{"mask": MASK_FILE} | fields))

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        printed, _ = self.process.communicate(timeout=20)
        return self.process.returncode, printed


@pytest.fixture(scope="module")
def started(tiny_checkpoint, tmp_path_factory):
    program = Started(tiny_checkpoint, tmp_path_factory.mktemp("page"))
    yield program
    if program.process.poll() is None:
        program.process.kill()
        program.process.communicate()


def is_gone(number):
    return not Path(f"/proc/{number}").exists()


def stop_in_the_middle(started, path):
    """A request on which the process that computes was stopped like a program that hangs."""
    until(started.computing)
    until(lambda: started.post("/api/photo", mask=None).status_code == 200)
    number = started.computing()
    os.kill(number, signal.SIGSTOP)
    connection = send_raw(started.port, f"{path}&request=in-the-middle", mask=MASK_FILE)
    until(lambda: started.client.get("/api/requests/in-the-middle").status_code == 200)
    return number, connection


def test_pictures_are_read_while_the_network_loads_and_are_those_of_the_command(
    started, tiny_checkpoint, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert started.first_line == f"The page is at {started.address} (Ctrl-C ends it).\n"
    assert started.post("/api/photo", mask=None).status_code == 200
    for name, content in (("photo", PHOTO_FILE), ("mask", MASK_FILE)):
        Path(f"{name}.png").write_bytes(content)
    network = {"checkpoint": str(tiny_checkpoint), "post_process": "none", "precision": "float32"}
    files = {
        "rgb": "photo.png",
        "alpha": "mask.png",
        "output": "matte.png",
        "cutout": "cutout.png",
        "save_trimap": "trimap.png",
    }
    run_inference(config_from_values(InferenceConfig, files | network))
    for output in ("trimap", "matte", "cutout"):
        answer = started.post(f"/api/matte?output={output}")
        assert answer.status_code == 200, answer.text
        assert answer.content == Path(f"{output}.png").read_bytes()
    assert started.status()["model"] == "ready"


def test_a_process_that_dies_is_told_and_replaced(started):
    number, connection = stop_in_the_middle(started, "/api/matte?output=matte")
    with connection:
        os.kill(number, signal.SIGKILL)
        answer = read_raw(connection)
    assert answer.startswith("HTTP/1.1 503") and '"code":"worker_died"' in answer
    assert started.post().status_code == 200
    assert started.computing() != number
    # What is printed of it is seen by the test of the end.


def test_a_process_that_does_not_stop_is_killed_and_replaced(started):
    number, connection = stop_in_the_middle(started, "/api/matte?output=matte")
    connection.close()
    until(lambda: is_gone(number))
    assert started.post().status_code == 200
    assert started.client.get("/api/requests/in-the-middle").status_code == 404


def test_one_that_hangs_is_killed_when_the_time_is_over(tiny_checkpoint, tmp_path):
    # A new worker has to be there within that time, on a busy machine as well.
    started = Started(tiny_checkpoint, tmp_path, "--seconds=6", *SOON_READY)
    try:
        number, connection = stop_in_the_middle(started, "/api/matte?output=trimap")
        with connection:
            answer = read_raw(connection)
        assert answer.startswith("HTTP/1.1 503") and '"code":"too_long"' in answer
        until(lambda: is_gone(number))
        assert started.post().status_code == 200
    finally:
        status, printed = started.end(signal.SIGINT)
    assert status == 130 and "Traceback" not in printed
    assert printed.strip() == "dim-tf page: stopped by Ctrl-C."


def test_nothing_is_written_or_logged(started):
    large = encode_png(np.random.default_rng(1).integers(0, 256, (900, 1000, 3), np.uint8), 0)
    assert len(large) > 2_000_000  # above what Starlette would keep in memory
    assert started.post("/api/photo", photo=large, mask=None).status_code == 200
    assert started.post("/api/matte", trimap=TRIMAP_FILE, mask=None).status_code == 200
    assert check_refusal(started.post("/api/photo", photo=large[:-9], mask=None))
    assert started.post("/api/photo", photo=b"secret", mask=None).status_code == 415
    broken = started.client.post(
        "/api/photo",
        content=b"--B\r\nsecret",
        headers={"content-type": "multipart/form-data; boundary=B"},
    )
    assert broken.status_code == 400
    with socket.create_connection(("127.0.0.1", started.port)) as connection:
        connection.sendall(b"secret\r\n\r\n")
        assert b"400" in connection.recv(1_000)
    # In the home folder libraries keep settings, which the largest file's length bounds.
    for folder in ("here", "temporary"):
        assert not list((started.folder / folder).rglob("*"))
    # What is printed is seen by the test of its end.


def test_an_end_answers_whoever_waits_and_leaves_nothing_behind(started):
    number, connection = stop_in_the_middle(started, "/api/matte?output=matte")
    answers = []
    reading = threading.Thread(target=lambda: answers.append(read_raw(connection)))
    reading.start()
    status, printed = started.end()
    reading.join(10)
    connection.close()
    assert answers[0].startswith("HTTP/1.1 503") and '"code":"stopping"' in answers[0]
    assert status == 143
    # Nothing of all the requests, only of the deaths that nobody wanted.
    died = "dim-tf page: The process that computes died "
    told = [line for line in printed.splitlines() if not line.startswith(died)]
    assert told == ["dim-tf page: stopped by SIGTERM."]
    assert is_gone(number)


def test_a_closed_terminal_ends_it_in_order(tiny_checkpoint, tmp_path):
    started = Started(tiny_checkpoint, tmp_path, *SOON_READY)
    assert started.end(signal.SIGHUP) == (129, "dim-tf page: stopped by SIGHUP.\n")


def test_a_killed_server_leaves_no_process(tiny_checkpoint, tmp_path):
    started = Started(tiny_checkpoint, tmp_path, *SOON_READY)
    assert started.post("/api/photo", mask=None).status_code == 200  # it is there, and at work
    number = started.computing()
    started.process.kill()
    started.process.wait()  # not for the end of what is printed, which a process left over holds
    until(lambda: is_gone(number))


@pytest.mark.parametrize(
    "flags, sentence",
    [
        (["--host=203.0.113.7"], "--host=203.0.113.7 is no address of this machine; leave it out"),
        (["--host=no such host"], "--host=no such host is no address of this machine; leave it"),
        (["--checkpoint=none.npz"], "There is no checkpoint none.npz"),
        (["--queue=0"], "--queue=0 is not possible; give a number at least 1"),
    ],
)
def test_what_cannot_be_served(flags, sentence):
    status, printed, errors = run_command("page", "--nobrowser", *flags)
    assert status == 1 and printed == b""
    assert errors.startswith(f"dim-tf page: {sentence}") and errors.count("\n") == 1


def test_a_port_that_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, _, errors = run_command("page", "--nobrowser", f"--port={port}")
    assert status == 1
    assert errors.startswith(f"dim-tf page: Port {port} of 127.0.0.1 is taken")
