from pathlib import Path

import numpy as np
import pytest

from dim_tf.pictures.picture import Picture


@pytest.fixture
def picture_of():
    """Makes a picture that no file holds."""

    def make(pixels, opacity=None, **more):
        values = {"labels": None, "profile": None, "kind": "PNG", "orientation": 1}
        values |= {"path": Path("file.png"), "lossy": False, "notes": ()} | more
        return Picture(pixels=np.asarray(pixels), opacity=opacity, **values)

    return make


@pytest.fixture
def picture_file(tmp_path):
    """Writes bytes to a file and returns its path."""

    def write(content):
        (tmp_path / "picture").write_bytes(content)
        return tmp_path / "picture"

    return write
