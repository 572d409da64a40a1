"""What the numbers of a picture mean as colours, and the same colours in sRGB.

A file says it by an ICC profile, or a PNG by its gamma and primaries (chunks gAMA and cHRM).
Pillow's LittleCMS converts pictures of 8 bits by their ICC profile. It takes no RGB of 16 bits, and
neither gamma nor primaries: these are converted here, by the matrix and the curves that nearly all
RGB profiles consist of (ICC.1:2010, annex F.3; PNG specification, chunks gAMA and cHRM).
"""

import io
import struct
import zlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image

from dim_tf.pictures.levels import to_8_bits, to_16_bits, to_rgb

# sRGB (IEC 61966-2-1): primaries and white as x, y.
SRGB_CHROMATICITY = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
# What writers of sRGB put into gAMA, and how far off it may be and still mean sRGB.
_SRGB_GAMMA, _GAMMA_STEP, _CHROMATICITY_STEP = 0.45455, 0.002, 0.002
# ICC profiles are relative to this white (D50), X Y Z.
_PROFILE_WHITE = np.array([0.9642, 1.0, 0.8249])
# Bradford's cone responses: how a white becomes another.
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
# Profiles of sRGB differ among each other by this many grey levels of 8 bits; they change nothing.
_SAME_COLOUR = 2
_PIXELS_AT_ONCE = 2**20

Curve = Callable[[np.ndarray], np.ndarray]


class ColourProfile(NamedTuple):
    """What a file says about its colours where it is not sRGB.

    Attributes:
        icc: an ICC profile, or None where gamma and chromaticity say it.
        gamma: the exponent of a PNG's gAMA: number = light ** gamma; None: sRGB's curve.
        chromaticity: x, y of white, red, green and blue, of a PNG's cHRM.
    """

    icc: bytes | None
    gamma: float | None = None
    chromaticity: tuple[float, ...] = SRGB_CHROMATICITY


class ProfileError(ValueError):
    """An ICC profile that is damaged or not one for the picture it is in."""


def profile_of(image: Image.Image) -> ColourProfile | None:
    """What an opened picture says about its colours; None where that is sRGB or nothing.

    Raises:
        ProfileError: its profile cannot be used.
    """
    icc = image.info.get("icc_profile")
    if icc:
        profile = ColourProfile(icc)
        return None if _is_srgb(profile, image.mode) else profile
    if "srgb" in image.info:
        return None
    gamma = image.info.get("gamma")
    chromaticity = tuple(image.info.get("chromaticity", SRGB_CHROMATICITY))
    same_colours = np.allclose(chromaticity, SRGB_CHROMATICITY, atol=_CHROMATICITY_STEP)
    if same_colours and (not gamma or abs(gamma - _SRGB_GAMMA) <= _GAMMA_STEP):
        return None
    profile = ColourProfile(None, gamma or None, chromaticity)
    _matrix_and_curves(profile)  # numbers that mean nothing are noticed here
    return profile


def grey_by_profile(pixels: np.ndarray, profile: ColourProfile | None) -> np.ndarray:
    """Grey that is stored as RGB, as in AVIF, which has profiles of grey all the same.

    Args:
        pixels: [H, W] grey or [H, W, 3] RGB.
        profile: of them.

    Returns:
        [H, W] where the profile is one of grey and the channels are equal; else the same.
    """
    is_of_grey = profile is not None and bool(profile.icc) and _colour_space(profile.icc) == "GRAY"
    if is_of_grey and pixels.ndim == 3 and bool((pixels == pixels[..., :1]).all()):
        return pixels[..., 0]
    return pixels


def to_srgb(pixels: np.ndarray, profile: ColourProfile | None) -> np.ndarray:
    """Converts a picture's colours to sRGB.

    Args:
        pixels: [H, W] grey or [H, W, 3] RGB, uint8 or uint16.
        profile: from `profile_of`.

    Returns:
        [H, W, 3] of the same dtype.

    Raises:
        ProfileError: the profile is not one for such pixels.
    """
    if profile is not None and profile.icc and pixels.dtype == np.uint8:
        mode = "L" if pixels.ndim == 2 and _colour_space(profile.icc) == "GRAY" else "RGB"
        source = pixels if mode == "L" else to_rgb(pixels)
        return np.asarray(converted(Image.fromarray(source), profile.icc))
    rgb = to_rgb(pixels)
    if profile is None:
        return rgb
    try:
        if profile.icc and pixels.ndim == 2 and _colour_space(profile.icc) == "GRAY":
            matrix, curves = np.eye(3), [_read_grey_curve(profile.icc)] * 3
        else:
            matrix, curves = _matrix_and_curves(profile)
    except ProfileError:
        if not profile.icc:
            raise
        # A profile made of tables, for which 8 bits have to do.
        return to_16_bits(to_srgb(to_8_bits(pixels), profile))
    largest = np.iinfo(rgb.dtype).max
    light_of = np.stack([curve(np.linspace(0, 1, largest + 1)) for curve in curves])
    result = np.empty_like(rgb)
    rows = max(1, _PIXELS_AT_ONCE // max(1, rgb.shape[1]))
    for start in range(0, len(rgb), rows):
        part = rgb[start : start + rows]
        light = np.stack([light_of[channel][part[..., channel]] for channel in range(3)], axis=-1)
        coded = _srgb_coded(np.clip(light @ matrix.T, 0.0, 1.0))
        result[start : start + rows] = np.round(coded * largest)
    return result


def converted(image: Image.Image, icc: bytes) -> Image.Image:
    """A Pillow picture of 8 bits in sRGB, by its ICC profile: grey, RGB or CMYK.

    Raises:
        ProfileError: the profile is damaged or not one for such a picture.
    """
    from PIL import ImageCms

    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        return ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        raise ProfileError(str(error)) from None


def png_chunks(profile: ColourProfile) -> bytes:
    """The chunks of a PNG that say what a profile says."""
    if profile.icc:
        return png_chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(profile.icc))
    chromaticity = [round(value * 100_000) for value in profile.chromaticity]
    chunks = png_chunk(b"cHRM", struct.pack(">8I", *chromaticity))
    if profile.gamma:
        chunks = png_chunk(b"gAMA", struct.pack(">I", round(profile.gamma * 100_000))) + chunks
    return chunks


def png_chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of a PNG: its length, name, data and checksum."""
    return struct.pack(">I4s", len(data), name) + data + struct.pack(">I", zlib.crc32(name + data))


def _colour_space(icc: bytes) -> str:
    """What the profile's header has: "RGB", "GRAY", "CMYK" or another."""
    return icc[16:20].decode("latin-1").strip()


def _is_srgb(profile: ColourProfile, mode: str) -> bool:
    """Whether a profile changes no colour visibly.

    Raises:
        ProfileError: it is damaged, or not one for pictures of this mode.
    """
    space = _colour_space(profile.icc)
    if space == "CMYK" or mode == "CMYK":
        converted(Image.new("CMYK", (1, 1)), profile.icc)
        return False
    steps = np.arange(0, 256, 15, dtype=np.uint8)
    if space == "GRAY":
        steps = steps[None]
        return _differ_little(to_srgb(steps, profile), to_rgb(steps))
    colours = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 1, 3)
    return _differ_little(to_srgb(colours, profile), colours)


def _differ_little(one: np.ndarray, other: np.ndarray) -> bool:
    return int(np.abs(one.astype(int) - other).max()) <= _SAME_COLOUR


def _matrix_and_curves(profile: ColourProfile) -> tuple[np.ndarray, list[Curve]]:
    """From light in the profile's primaries to light in sRGB's, [3, 3], and numbers to light."""
    if profile.icc:
        colorants, curves = _read_matrix_profile(profile.icc)
    else:
        colorants = _colorants(profile.chromaticity)
        curve = _srgb_light
        if profile.gamma:
            exponent = 1 / profile.gamma

            def curve(numbers: np.ndarray) -> np.ndarray:
                return numbers**exponent

        curves = [curve] * 3
    matrix = np.linalg.inv(_colorants(SRGB_CHROMATICITY)) @ colorants
    if not np.isfinite(matrix).all():
        raise ProfileError("its primaries mean nothing")
    return matrix, curves


def _colorants(chromaticity: tuple[float, ...]) -> np.ndarray:
    """[3, 3]: X, Y, Z of red, green and blue at full strength, relative to D50."""
    if not all(0 < value < 1 for value in chromaticity[1::2]):
        raise ProfileError("its primaries mean nothing")
    white, *primaries = (
        np.array([x / y, 1.0, (1 - x - y) / y])
        for x, y in zip(chromaticity[::2], chromaticity[1::2], strict=True)
    )
    matrix = np.stack(primaries, axis=1)
    if abs(np.linalg.det(matrix)) < 1e-6:
        raise ProfileError("its primaries mean nothing")
    matrix = matrix * np.linalg.solve(matrix, white)
    scale = (_BRADFORD @ _PROFILE_WHITE) / (_BRADFORD @ white)
    return np.linalg.inv(_BRADFORD) @ (scale[:, None] * _BRADFORD) @ matrix


def _srgb_light(numbers: np.ndarray) -> np.ndarray:
    return np.where(numbers <= 0.04045, numbers / 12.92, ((numbers + 0.055) / 1.055) ** 2.4)


def _srgb_coded(light: np.ndarray) -> np.ndarray:
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def _read_matrix_profile(icc: bytes) -> tuple[np.ndarray, list[Curve]]:
    """Colorants, [3, 3], and curves of an ICC profile that has them.

    Raises:
        ProfileError: it has not; it consists of tables or is damaged.
    """
    try:
        tags = _tags_of(icc)
        colorants = [
            np.array(struct.unpack_from(">3i", tags[name], 8)) / 65_536
            for name in (b"rXYZ", b"gXYZ", b"bXYZ")
        ]
        return np.stack(colorants, axis=1), [
            _read_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")
        ]
    except (KeyError, struct.error, ValueError) as error:
        raise ProfileError(f"no matrix and curves ({error})") from None


def _read_grey_curve(icc: bytes) -> Curve:
    """The curve of a profile of grey, whose white is the paper's.

    Raises:
        ProfileError: it has none; it consists of tables or is damaged.
    """
    try:
        return _read_curve(_tags_of(icc)[b"kTRC"])
    except (KeyError, struct.error, ValueError) as error:
        raise ProfileError(f"no curve ({error})") from None


def _tags_of(icc: bytes) -> dict[bytes, bytes]:
    """What an ICC profile holds, by name.

    Raises:
        struct.error: it is cut short.
    """
    (count,) = struct.unpack_from(">I", icc, 128)
    tags = {}
    for number in range(min(count, 100)):
        name, offset, size = struct.unpack_from(">4sII", icc, 132 + 12 * number)
        tags[name] = icc[offset : offset + size]
    return tags


def _read_curve(tag: bytes) -> Curve:
    """The function from numbers to light, both in [0, 1], of a tag of type curv or para."""
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        if count == 0:
            return lambda numbers: numbers
        table = np.array(struct.unpack_from(f">{count}H", tag, 12))
        if count == 1:
            return lambda numbers: numbers ** (table[0] / 256)
        return lambda numbers: np.interp(numbers, np.linspace(0, 1, count), table / 65_535)
    (kind,) = struct.unpack_from(">H", tag, 8)
    if tag[:4] != b"para" or kind > 4:
        raise ValueError("a curve of an unknown type")
    parameters = struct.unpack_from(f">{(1, 3, 4, 5, 7)[kind]}i", tag, 12)
    g, a, b, c, d, e, f = _all_parameters(kind, [value / 65_536 for value in parameters])

    def curve(numbers: np.ndarray) -> np.ndarray:
        power = np.maximum(a * numbers + b, 0) ** g + e
        return np.clip(np.where(numbers >= d, power, c * numbers + f), 0, 1)

    return curve


def _all_parameters(kind: int, given: list[float]) -> list[float]:
    """The seven parameters of the largest parametric curve for one of any kind (ICC.1:2010, 10.16).

    Light is (a·n + b)^g + e for numbers n of d and more, and c·n + f below.
    """
    if kind == 0:
        return [given[0], 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    g, a, b, *rest = given
    if kind == 1:
        return [g, a, b, 0.0, -b / a, 0.0, 0.0]
    if kind == 2:
        return [g, a, b, 0.0, -b / a, rest[0], rest[0]]
    c, d, *offsets = rest
    return [g, a, b, c, d, *(offsets or [0.0, 0.0])]
