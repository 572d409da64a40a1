"""The commands of docs/page_http.md do what it says, on small files under its names."""

import os
import re
import shutil
import signal
import subprocess
import sys

import httpx
import pytest
from PIL import Image

from dim_tf.config import ServingConfig, values_of
from dim_tf.page.options import MATTE_OPTIONS
from dim_tf.page.refusals import REASONS
from dim_tf.synthetic import render_texture
from tests.documents import ROOT, commands_of, on_small_photos, read_document, write_small_files
from tests.page.asking import until

TEXT = read_document("docs/page_http.md")
COMMANDS = commands_of(TEXT)
REQUESTS = [command for command in COMMANDS if command.startswith("curl ")]

pytestmark = pytest.mark.xdist_group("page")


@pytest.fixture(scope="module")
def page(tiny_checkpoint, tmp_path_factory):
    """The page by the document's first command, but at a free port and with a small network."""
    folder = tmp_path_factory.mktemp("document")
    write_small_files(folder)
    Image.fromarray(render_texture(1, (90, 120))).save(folder / "park.jpg")
    command = COMMANDS[0].replace("dim-tf", f"{sys.executable} -m dim_tf").split()
    flags = ["--port=0", f"--checkpoint={tiny_checkpoint}", "--post_process=none"]
    program = subprocess.Popen(
        [*command, *flags],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    address = program.stdout.readline().split()[4]
    until(lambda: httpx.get(f"{address}/api/status").json()["model"] == "ready", 60)
    yield folder, address
    program.send_signal(signal.SIGINT)
    program.communicate(timeout=20)
    assert program.returncode == 130


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@pytest.mark.parametrize("command", REQUESTS)
def test_request(page, command):
    folder, address = page
    run = subprocess.run(
        ["bash", "-c", on_small_photos(command).replace("http://127.0.0.1:8000", address)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    for written in re.findall(r"-o (\S+)", command):
        with Image.open(folder / written) as picture:
            assert picture.size == (96, 96)


def test_every_command_is_run_or_starts_a_page():
    others = [command for command in COMMANDS if command not in REQUESTS]
    assert len(REQUESTS) == 8 and len(others) == 2
    for command in others:
        assert command.startswith("dim-tf page ")
        for flag in re.findall(r"--(?:no)?(\w+)", command):
            assert flag in values_of(ServingConfig())


def test_defaults_parameters_and_statuses_are_those_of_the_program():
    for name, value in re.findall(r"^\| `--(\w+)` \| (\S+) \|", TEXT, re.MULTILINE):
        assert getattr(ServingConfig(), name) == float(value)
    for option in MATTE_OPTIONS:
        assert f"`{option.name}`" in TEXT or f"{option.name}=" in TEXT
    told = re.findall(r"\d{3}", " ".join(re.findall(r"^\| ([\d, ]+) \|", TEXT, re.MULTILINE)))
    assert set(map(int, told)) == {reason.status for reason in REASONS.values()}
