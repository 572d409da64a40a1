"""The page's modules run in Node, without a browser."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "dim_tf" / "page" / "static"
# Parts of the program whose sentences the page tells.
ROOMS = ("dim_tf/pictures/", "dim_tf/trimaps/", "dim_tf/matting/", "dim_tf/config/inference.py")
# The first that reads .js files as modules where nothing says what they are.
_OLDEST_NODE = (20, 19)


@pytest.fixture(scope="session")
def node():
    """The path of Node; without it tests skip."""
    path = shutil.which("node")
    if path is None:
        pytest.skip("Node is not installed")
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    if tuple(map(int, re.findall(r"\d+", said)[:2])) < _OLDEST_NODE:
        pytest.skip(f"Node {said.strip()} is too old")
    return path


def json_from(node, program, given):
    """What a program in Node prints as JSON; `given` is there what was given here, through JSON."""
    program = f"const given = JSON.parse(process.argv[1]);\n{program}"
    command = [node, "--input-type=module", "--eval", program, json.dumps(given)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
