import cv2
import numpy as np
import pytest
from PIL import Image

from dim_tf.commands.matte import run_inference
from dim_tf.config import InferenceConfig, config_from_values

HEIGHT, WIDTH = 90, 120
RANDOM = np.random.default_rng(5)
NOISE = cv2.GaussianBlur(RANDOM.normal(size=(HEIGHT, WIDTH, 3)), (0, 0), 1.5)
Y, X = np.ogrid[:HEIGHT, :WIDTH]
# Left of the middle, so that a turn or a flip shows; as an edge in the photo too.
DISTANCE = np.hypot(Y - 40, X - 50)
PHOTO = np.clip(127 + 200 * NOISE + np.where(DISTANCE < 30, 60, -60)[..., None], 0, 255)
PHOTO = PHOTO.astype(np.uint8)
MASK = np.where(DISTANCE < 30, np.uint8(255), np.uint8(0))
TRIMAP = np.select([DISTANCE < 25, DISTANCE < 35], [255, 128], 0).astype(np.uint8)
SOFT = np.clip((40 - DISTANCE) * 12, 0, 255).astype(np.uint8)


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def network(tiny_checkpoint):
    """The options of a network that takes no time."""
    return {"checkpoint": str(tiny_checkpoint), "precision": "float32", "post_process": "none"}


@pytest.fixture
def written(network, models_are_kept):
    """What the command writes, as the numbers of the file."""

    def write(kind="output", **flags):
        values = network | {"output": "written.png"} | flags
        if kind != "output":
            values[kind] = f"{kind}.png"
        run_inference(config_from_values(InferenceConfig, values))
        return read_numbers(values[kind])

    return write


def read_numbers(path):
    numbers = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if numbers.ndim == 2:
        return numbers
    four = numbers.shape[2] == 4
    return cv2.cvtColor(numbers, cv2.COLOR_BGRA2RGBA if four else cv2.COLOR_BGR2RGB)


def save(path, array, orientation=1, **options):
    """Writes a file by Pillow, or by OpenCV with 16 bits."""
    if array.dtype == np.uint16:
        cv2.imwrite(path, array[..., ::-1] if array.ndim == 3 else array)
        return path
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(array).save(path, exif=exif, **options)
    return path
