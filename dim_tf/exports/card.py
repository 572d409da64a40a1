"""What lies beside an exported file: a card that says how it is used, and an example."""

import hashlib
import math
from pathlib import Path
from typing import Literal

from dim_tf import __version__
from dim_tf.config import SIZE_MULTIPLE, NetworkConfig
from dim_tf.exports.contract import ALPHA, OPSET, RGB, SCALE, TRIMAP
from dim_tf.model.architecture import LARGEST_LOG_SCALE, SMALLEST_LOG_SCALE

Format = Literal["saved_model", "onnx", "litert"]

# What is exported, in the folder that an export makes.
FILE_NAMES: dict[Format, str] = {
    "saved_model": "saved_model",
    "onnx": "deep_image_matting.onnx",
    "litert": "deep_image_matting.tflite",
}
CARD_NAME, EXAMPLE_NAME = "README.md", "example.py"

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
    "saved_model": """The signature is `serving_default`. For inference: gradients are not in it,
which TensorFlow notes when it loads the file.""",
    "onnx": f"Opset {OPSET}, operations of the domain `ai.onnx` only, float32.",
    "litert": """Built-in operations only, float32, signature `serving_default`. An interpreter
takes any size (`get_signature_runner` resizes its inputs); phones' accelerators
need the fixed size of `--size`.""",
}
_FREE_EXAMPLE = '''"""photo.png and trimap.png (0, 128 unknown, 255 object) become matte.png."""

{imports}

rgb = np.float32(Image.open("photo.png").convert("RGB"))
trimap = np.float32(Image.open("trimap.png").convert("L"))[..., None]
height, width, _ = rgb.shape
padding = [(0, -height % {multiple}), (0, -width % {multiple}), (0, 0)]
rgb, trimap = (np.pad(array, padding, "reflect")[None] for array in (rgb, trimap))
{run}
matte = np.uint8(alpha[0, :height, :width, 0] * 255 + 0.5)
Image.fromarray(matte).save("matte.png")
'''
_FIXED_EXAMPLE = '''"""photo.png and trimap.png (0, 128 unknown, 255 object) become matte.png."""

{imports}

photo = Image.open("photo.png").convert("RGB")
rgb = np.float32(photo.resize(({width}, {height})))[None]
trimap = Image.open("trimap.png").convert("L").resize(({width}, {height}), Image.Resampling.NEAREST)
trimap = np.float32(trimap)[None, ..., None]
{run}
matte = Image.fromarray(np.uint8(alpha[0, ..., 0] * 255 + 0.5))
matte.resize(photo.size).save("matte.png")
'''
_CARD = """# Deep Image Matting, {title}

`{file}`: from a photo and its trimap to the matte. Made by dim_tf {version}
from the weights `{weights}`, SHA-256
`{sha256}`.

    pip install {needs}
    python {example}

reads `photo.png` and `trimap.png` and writes `matte.png`.

## In and out

{table}

{sizes} One photo at a time.
{note}

## What you do

Before:

1. Turn the photo upright (EXIF) and bring it to sRGB and 8 bits a channel. The mean is subtracted
   in the file, and nothing is to be scaled.
2. Have a trimap of those three values and no others: unknown is every pixel you are not sure of.
{fitting}

After:

1. {undoing}
2. `alpha` is ready to use. dim_tf itself goes on from here: by default it lets the photo's own
   colours sharpen the matte (`--post_process=affinity`), which is not in the file. On another
   background the object's colours have to be freed of the old one as well (pymatting's
   `estimate_foreground_ml`).

## The network

{network}.
Batch norm: {statistics}. It gives what `predict_alpha` of dim_tf gives in float32 without
post-processing. Runtimes round the last bit differently: mostly less than 0.00001 apart. Where two
of the four values of a pooling block are equal up to that bit, another of them can be taken, and
some tens of pixels around it differ by up to a few grey levels.
"""
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
    template = _FIXED_EXAMPLE if size else _FREE_EXAMPLE
    return template.format(
        imports=_IMPORTS[kind], run=run, multiple=SIZE_MULTIPLE, height=height, width=width
    )


def card_text(
    kind: Format,
    config: NetworkConfig,
    statistics: Literal["moving", "batch"],
    weights: Path,
    size: tuple[int, int] | None,
) -> str:
    """The card of a file, Markdown.

    Args:
        kind: the format.
        config: of the network.
        statistics: what batch norm normalises with.
        weights: the file they came from.
        size: height and width that the file was made for, or None for any.
    """
    height, width = size or ("H", "W")
    values = {"height": height, "width": width, "multiple": SIZE_MULTIPLE}
    fit = "fixed" if size else "free"
    with weights.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return _CARD.format(
        title=_TITLES[kind],
        file=FILE_NAMES[kind],
        version=__version__,
        weights=weights.name,
        sha256=sha256,
        needs=_NEEDS[kind],
        example=EXAMPLE_NAME,
        table=_table(config, height, width),
        sizes=f"The size is fixed: {height} × {width}."
        if size
        else f"H and W are any multiples of {SIZE_MULTIPLE}.",
        note=_NOTES[kind],
        fitting=_FITTING[fit].format(**values),
        undoing=_UNDOING[fit],
        network=_network_text(config),
        statistics=_STATISTICS[statistics] if config.batch_norm else "none",
    )


def _table(config: NetworkConfig, height: int | str, width: int | str) -> str:
    rows = [
        ("name", "", "shape", "dtype", "values"),
        ("---",) * 5,
        (RGB, "in", 3, "sRGB, grey levels 0 to 255"),
        (TRIMAP, "in", 1, "exactly 0 (background), 128 (unknown), 255 (foreground)"),
        (ALPHA, "out", 1, "0 to 1; known pixels are those of the trimap"),
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
