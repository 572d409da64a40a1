"""The page's modules run in Node, without a browser."""

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
