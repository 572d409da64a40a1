"""What lies beside an exported file: a card that says how it is used, and an example."""

import math
import textwrap
from typing import Literal

from dim_tf import __version__
from dim_tf.config import SIZE_MULTIPLE, NetworkConfig
from dim_tf.exports.contract import ALPHA, OPSET, RGB, SCALE, TRIMAP
from dim_tf.model.architecture import LARGEST_LOG_SCALE, SMALLEST_LOG_SCALE
from dim_tf.model.checkpoint_choice import WeightsFile
from dim_tf.system.errors import printable
from dim_tf.system.shipped import ASSETS

Format = Literal["saved_model", "onnx", "litert"]

# What is exported, in the folder that an export makes.
FILE_NAMES: dict[Format, str] = {
    "saved_model": "saved_model",
    "onnx": "deep_image_matting.onnx",
    "litert": "deep_image_matting.tflite",
}
CARD_NAME, EXAMPLE_NAME = "README.md", "example.py"

_LINE_LENGTH = 100

_TITLES = {"saved_model": "SavedModel", "onnx": "ONNX", "litert": "LiteRT"}
_NEEDS = {
    "saved_model": "tensorflow pillow",
    "onnx": "onnxruntime pillow",
    "litert": "ai-edge-litert pillow",
}
_IMPORTS = {
    "saved_model": "import numpy as np\nimport tensorflow as tf\nfrom PIL import Image",
    "onnx": "import numpy as np\nimport onnxruntime\nfrom PIL import Image",
    "litert": "import numpy as np\nfrom ai_edge_litert.interpreter import Interpreter\n"
    "from PIL import Image",
}
_RUNS = {
    "saved_model": 'network = tf.saved_model.load("{file}").signatures["serving_default"]\n'
    'alpha = network(rgb=rgb, trimap=trimap)["alpha"].numpy()',
    "onnx": 'session = onnxruntime.InferenceSession("{file}")\n'
    '(alpha,) = session.run(["alpha"], {{"rgb": rgb, "trimap": trimap}})',
    "litert": 'network = Interpreter("{file}").get_signature_runner()\n'
    'alpha = network(rgb=rgb, trimap=trimap)["alpha"]',
}
_NOTES = {
    "saved_model": "The signature is `serving_default`. For inference: gradients are not in it, "
    "and TensorFlow says so when it loads the file.",
    "onnx": f"Opset {OPSET}, operations of the domain `ai.onnx` only, float32.",
    "litert": "Built-in operations only, float32, signature `serving_default`. An interpreter "
    "takes any size: `get_signature_runner` resizes its inputs. The accelerator of a phone takes a "
    "fixed size only.",
}
_FITTING = {
    "free": "3. Pad height and width below and to the right to multiples of {multiple}, by "
    "reflection.",
    "fixed": "3. Bring photo and trimap to {width} × {height} pixels, the trimap by nearest "
    "neighbour.",
}
_STATISTICS = {"moving": "moving averages", "batch": "the statistics of the photo"}
_UNDOING = {"free": "Cut off what was padded.", "fixed": "Bring `alpha` to the photo's size."}


def example_text(kind: Format, size: tuple[int, int] | None) -> str:
    """A program of ten lines that runs the file, with no more than a runtime, NumPy and Pillow.

    Args:
        kind: the format.
        size: height and width that the file was made for, or None for any.
    """
    height, width = size or (0, 0)
    run = _RUNS[kind].format(file=FILE_NAMES[kind])
    return _template(f"export_example_{'fixed' if size else 'any'}_size.txt").format(
        imports=_IMPORTS[kind], run=run, multiple=SIZE_MULTIPLE, height=height, width=width
    )


def card_text(
    kind: Format,
    config: NetworkConfig,
    statistics: Literal["moving", "batch"],
    weights: WeightsFile,
    size: tuple[int, int] | None,
) -> str:
    """The card of a file, Markdown.

    Args:
        kind: the format.
        config: of the network.
        statistics: what batch norm normalises with.
        weights: the file they came from, as it was when they were read.
        size: height and width that the file was made for, or None for any.
    """
    height, width = size or ("H", "W")
    values = {"height": height, "width": width, "multiple": SIZE_MULTIPLE}
    fit = "fixed" if size else "free"
    sizes = f"H and W are any multiples of {SIZE_MULTIPLE}."
    if size:
        sizes = f"The size is fixed: {height} × {width}."
    return _template("export_card.md").format(
        title=_TITLES[kind],
        file=FILE_NAMES[kind],
        version=__version__,
        weights=printable(weights.file.name),
        sha256=weights.sha256,
        needs=_NEEDS[kind],
        example=EXAMPLE_NAME,
        table=_table(config, height, width),
        note=textwrap.fill(f"{sizes} One photo at a time. {_NOTES[kind]}", _LINE_LENGTH),
        fitting=_FITTING[fit].format(**values),
        undoing=_UNDOING[fit],
        network=_network_text(config),
        statistics=_STATISTICS[statistics] if config.batch_norm else "none",
    )


def _template(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _table(config: NetworkConfig, height: int | str, width: int | str) -> str:
    rows = [
        ("name", "", "shape", "dtype", "values"),
        ("---",) * 5,
        (RGB, "in", 3, "sRGB, grey levels 0 to 255"),
        (TRIMAP, "in", 1, "exactly 0 (background), 128 (unknown), 255 (foreground)"),
        (ALPHA, "out", 1, "0 to 1, in known pixels as the trimap says"),
    ]
    if config.certainty:
        low, high = math.exp(SMALLEST_LOG_SCALE), math.exp(LARGEST_LOG_SCALE)
        meaning = "how far off alpha is likely to be (b of a Laplace distribution)"
        known = "0 where the trimap is known"
        rows.append((SCALE, "out", 1, f"{meaning}, {low:.4f} to {high:.2f}; {known}"))
    lines = rows[:2] + [
        (f"`{name}`", way, f"[1, {height}, {width}, {channels}]", "float32", values)
        for name, way, channels, values in rows[2:]
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _network_text(config: NetworkConfig) -> str:
    parts = [f"Width {config.width:g}, fc6 {config.fc6}, decoder {config.decoder}"]
    switches = ("batch_norm", "skip", "refine", "certainty", "normalize_input")
    parts += [name for name in switches if getattr(config, name)]
    return ", ".join(parts)
