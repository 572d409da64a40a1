"""Feeds damaged and hostile files to the readers: images, trimaps, npz, manifest, flagfile.

    python tests/stress/fuzz_readers.py [--inputs=4000] [--only=image,npz] [--seconds=2]

So many inputs for each reader, made by hypothesis from valid files of many formats by cutting,
overwriting, inserting, repeating and joining bytes, by numbers at their limits, and from nothing.
Every reader must end with a result or an InputError, within the seconds, and without taking more
memory than a bound. A crash of the process (a decoder in C++) ends this script with its signal.
"""

import argparse
import contextlib
import dataclasses
import io
import json
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import cv2
import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from dim_tf.config import NetworkConfig
from dim_tf.config.flagfile import expand_flagfiles
from dim_tf.dataset.manifest import MANIFEST_NAME, read_manifest
from dim_tf.pictures.mask import mask_of
from dim_tf.pictures.matte import matte_of
from dim_tf.pictures.photo import photo_of
from dim_tf.pictures.picture import read_picture
from dim_tf.pictures.trimap import read_trimap, trimap_of
from dim_tf.system.errors import InputError
from dim_tf.system.quiet import import_tensorflow

# A reader may take this much more memory than the process had before it, MB.
MEMORY_BOUND = 1_500
# Bytes and numbers that formats and parsers stumble over.
TOKENS = (
    *(b"\0", b"\xff", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\0"),
    *(b"PK\x01\x02", b"PK\x05\x06", b"\x93NUMPY", b"IHDR", b"IDAT", b"IEND", b"\xff\xd8"),
    *(b"99999999999999999999", b"-1", b"1e999", b"NaN", b"null", b"[[", b'{"', b"'|O'"),
    *(b"(10**9,)", b"--flagfile=", b"../", b"/dev/zero", b"\n", b"--", b"=", b"\xe2\x80\xae"),
    *(b"\x1b[2J", b"\xc3\x28", b"\xff\xd9"),
)
CHANGES = ("flip", "token", "insert", "number", "cut", "drop", "repeat", "join")


class Finding(Exception):
    """What a reader must not do."""


@dataclasses.dataclass(frozen=True)
class Reader:
    """One reader under test.

    Attributes:
        read: takes the path of the input.
        file_name: of the input.
        seeds: contents of valid files.
    """

    read: Callable[[Path], object]
    file_name: str
    seeds: tuple[bytes, ...]


def image_seeds() -> tuple[bytes, ...]:
    """Small pictures in the formats that people have."""
    generator = np.random.default_rng(0)
    colours = generator.integers(0, 256, (13, 17, 3), np.uint8)
    pictures = {
        ".png": (colours, colours[..., 0], colours.astype(np.uint16) * 257),
        ".jpg": (colours, colours[..., 0]),
        ".bmp": (colours, colours[..., 0]),
        ".tiff": (colours, colours.astype(np.uint16) * 257),
        ".webp": (colours,),
        ".ppm": (colours,),
        ".pgm": (colours[..., 0],),
    }
    rgba = np.dstack([colours, colours[..., 0]])
    encoded = [
        cv2.imencode(suffix, picture)[1].tobytes()
        for suffix, several in pictures.items()
        for picture in several
    ]
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for picture, kind, options in (
        (Image.fromarray(rgba), "AVIF", {}),
        (Image.fromarray(colours).quantize(8), "GIF", {}),
        (Image.fromarray(colours).quantize(8), "PNG", {"icc_profile": profile}),
        (Image.fromarray(colours).convert("CMYK"), "JPEG", {"icc_profile": profile}),
        (Image.fromarray(colours).convert("CMYK"), "TIFF", {}),
    ):
        file = io.BytesIO()
        picture.save(file, kind, **options)
        encoded.append(file.getvalue())
    return (*encoded, cv2.imencode(".png", rgba)[1].tobytes())


def trimap_seeds() -> tuple[bytes, ...]:
    """A trimap, clean and with the values that painting programs leave."""
    trimap = np.repeat(np.array([0, 128, 255], np.uint8), 6)[None].repeat(12, axis=0)
    noisy = np.clip(trimap.astype(int) + np.arange(18) % 3 - 1, 0, 255).astype(np.uint8)
    return tuple(cv2.imencode(".png", picture)[1].tobytes() for picture in (trimap, noisy))


def npz_seeds() -> tuple[bytes, ...]:
    """Weights files, stored and compressed."""
    arrays = {
        name: np.frombuffer(json.dumps(value).encode(), np.uint8)
        for name, value in (("config", vars(NetworkConfig())), ("about", {"step": 3}))
    }
    arrays |= {
        "network/conv1_1/weights": np.ones((3, 3, 4, 2), np.float32),
        "network/conv1_1/biases": np.ones(2, np.float16),
        "conv1_1_W": np.ones((2, 3), ">f8"),
    }
    contents = []
    for save in (np.savez, np.savez_compressed):
        buffer = io.BytesIO()
        save(buffer, **arrays)
        contents.append(buffer.getvalue())
    return tuple(contents)


def manifest_seeds() -> tuple[bytes, ...]:
    """A manifest of each layout."""
    content = {
        "format_version": 1,
        "layout": "compact",
        "pad": "center",
        "crop_safety": "center",
        "seed": 1,
        "foregrounds": ["cat", "dog"],
        "backgrounds": ["lake"],
        "pairs": [[0, 0], [1, 0]],
    }
    return tuple(
        json.dumps(content | {"layout": layout}).encode() for layout in ("compact", "original")
    )


def flagfile_seeds(folder: Path) -> tuple[bytes, ...]:
    """Flagfiles, one that includes itself."""
    text = "# comment\n--seed=1\n\n--crop_sizes=320,480\n// comment\n--nobatch_norm\n"
    own = folder / "fuzzed.flags"
    return (text.encode(), f"{text}--flagfile={own}\n--flagfile {own}\n".encode())


def read_in_every_role(path: Path) -> object:
    """The reader of pictures, and all that a picture can mean."""
    # A GIF of 200 bytes can hold 89 megapixels, for which the seconds are not meant.
    picture = read_picture(path, max_megapixels=10)
    for role in (photo_of, mask_of, matte_of, trimap_of):
        with contextlib.suppress(InputError):
            role(picture)
    return picture


def read_weights(path: Path) -> object:
    """The two readers of npz files."""
    from dim_tf.model.vgg16 import read_vgg16
    from dim_tf.model.weights import read_arrays

    with contextlib.suppress(InputError):
        read_vgg16(str(path))
    return read_arrays(path)


def readers(folder: Path) -> dict[str, Reader]:
    """All readers by name."""
    return {
        "image": Reader(read_in_every_role, "fuzzed", image_seeds()),
        "trimap": Reader(read_trimap, "fuzzed.png", trimap_seeds()),
        "npz": Reader(read_weights, "fuzzed.npz", npz_seeds()),
        "manifest": Reader(
            lambda path: read_manifest(path.parent).fingerprint(), MANIFEST_NAME, manifest_seeds()
        ),
        "flagfile": Reader(
            lambda path: expand_flagfiles([f"--flagfile={path}"]),
            "fuzzed.flags",
            flagfile_seeds(folder),
        ),
    }


@st.composite
def damaged(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """Bytes of a valid file after some changes, or any bytes."""
    if draw(st.integers(0, 19)) == 0:
        return draw(st.binary(max_size=300))
    content = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, max(0, len(content) - 1)))
        kind = draw(st.sampled_from(CHANGES))
        if kind == "flip" and content:
            content[place] ^= 1 << draw(st.integers(0, 7))
        elif kind == "token":
            token = draw(st.sampled_from(TOKENS))
            content[place : place + len(token)] = token
        elif kind == "insert":
            content[place:place] = draw(st.sampled_from(TOKENS) | st.binary(max_size=20))
        elif kind == "number":
            size = draw(st.sampled_from((1, 2, 4, 8)))
            number = draw(st.integers(0, 256**size - 1) | st.sampled_from((0, 256**size // 2)))
            order = draw(st.sampled_from(("little", "big")))
            content[place : place + size] = number.to_bytes(size, order)
        elif kind == "cut":
            del content[place:]
        elif kind == "drop":
            del content[place : place + draw(st.integers(1, 64))]
        elif kind == "repeat":
            content[place:place] = content[place : place + 64] * draw(st.integers(1, 50))
        elif kind == "join":
            content[place:] = draw(st.sampled_from(seeds))[place:]
    return bytes(content)


def resident_megabytes() -> float:
    """The largest memory this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextlib.contextmanager
def silence() -> object:
    """Holds back what C libraries print about damaged files."""
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def fuzz(name: str, inputs: int, seconds: float, folder: Path) -> dict[str, object]:
    """Feeds one reader.

    Returns:
        What came of it: counts, the longest time and the memory taken.

    Raises:
        Finding: it raised something else than InputError, took too long or too much memory.
    """
    reader = readers(folder)[name]
    path = folder / reader.file_name
    outcomes: Counter = Counter()
    slowest = 0.0
    before = resident_megabytes()

    @settings(
        max_examples=inputs,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(damaged(reader.seeds))
    def feed(content: bytes) -> None:
        nonlocal slowest
        path.write_bytes(content)
        begun = time.perf_counter()
        try:
            reader.read(path)
            outcomes["read"] += 1
        except InputError as error:
            outcomes["refused"] += 1
            if "\n" in str(error) or "\x1b" in str(error):
                raise Finding(f"{name}: a sentence with control characters: {error!r}") from None
        except Exception as error:
            kept = Path(tempfile.gettempdir()) / f"finding_{name}"
            kept.write_bytes(content)
            raise Finding(f"{name}: {type(error).__name__}: {error} (input: {kept})") from error
        taken = time.perf_counter() - begun
        if taken > seconds:  # unless the machine was busy with something else
            begun = time.perf_counter()
            with contextlib.suppress(InputError):
                reader.read(path)
            taken = min(taken, time.perf_counter() - begun)
        slowest = max(slowest, taken)
        if taken > seconds or resident_megabytes() - before > MEMORY_BOUND:
            kept = Path(tempfile.gettempdir()) / f"finding_{name}"
            kept.write_bytes(content)
            raise Finding(
                f"{name}: {taken:.1f} s, {resident_megabytes() - before:.0f} MB (input: {kept})"
            )

    with silence():
        feed()
    return {
        "inputs": outcomes.total(),
        **outcomes,
        "slowest, s": round(slowest, 3),
        "memory, MB": round(resident_megabytes() - before),
    }


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=4_000)
    parser.add_argument("--only", default="image,trimap,npz,manifest,flagfile")
    parser.add_argument("--seconds", type=float, default=2.0)
    arguments = parser.parse_args()
    import_tensorflow()  # with it in the process, its memory does not count
    import dim_tf.model.vgg16  # noqa: F401

    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.only.split(","):
            try:
                came = fuzz(name, arguments.inputs, arguments.seconds, Path(folder))
                print(name, came, flush=True)
            except Finding as finding:
                failed = True
                print(f"FINDING {finding}", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
