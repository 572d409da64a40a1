"""Colours that a file names by code points (ITU-T H.273): of a PNG (cICP), AVIF and HEIC (nclx)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from dim_tf.pictures.colour import SRGB_CHROMATICITY, ColourProfile
from dim_tf.pictures.kinds import png_chunks_of

# White, red, green and blue as x, y (H.273, table 2): of BT.709 and sRGB, BT.2020, Display P3.
_CHROMATICITY = {
    1: SRGB_CHROMATICITY,
    9: (0.3127, 0.3290, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    12: (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
}
# Transfer characteristics (H.273, table 3) whose curve is a power; all others that are not of HDR
# are near sRGB's, as which viewers show them.
_GAMMA = {4: 1 / 2.2, 5: 1 / 2.8, 8: 1.0}
_HDR = {16: "PQ", 18: "HLG"}
_SRGB_PRIMARIES = 1
_PNG_COLOURS, _PNG_DATA = b"cICP", b"IDAT"
_BOX_OF_COLOURS = b"colrnclx"


class CodePoints(NamedTuple):
    """What H.273 calls colour primaries and transfer characteristics."""

    primaries: int
    transfer: int


def code_points_of(kind: str, content: bytes | None, info: Mapping[str, Any]) -> CodePoints | None:
    """What a file names, None where it names nothing.

    Args:
        kind: see `dim_tf.pictures.picture.Picture`.
        content: the whole file; None of a picture that Pillow alone has.
        info: by Pillow. What is said of a HEIC stands there.
    """
    named = info.get("nclx_profile")
    if named:
        return CodePoints(
            int(named.get("color_primaries", 2)), int(named.get("transfer_characteristics", 2))
        )
    if content is None:
        return None
    if kind == "PNG":
        for name, data in png_chunks_of(content):
            if name == _PNG_COLOURS:
                return CodePoints(content[data], content[data + 1])
            if name == _PNG_DATA:
                break
    elif kind == "AVIF":
        place = content.find(_BOX_OF_COLOURS) + len(_BOX_OF_COLOURS)
        if len(_BOX_OF_COLOURS) <= place <= len(content) - 4:
            primaries, transfer = content[place : place + 2], content[place + 2 : place + 4]
            return CodePoints(int.from_bytes(primaries), int.from_bytes(transfer))
    return None


def profile_of_code_points(points: CodePoints) -> tuple[ColourProfile | None, list[str]]:
    """The colours that code points mean, None where these are sRGB's, and what to tell."""
    if points.transfer in _HDR:
        return None, [
            f"its colours are made for HDR screens ({_HDR[points.transfer]}), which is passed over"
        ]
    gamma = _GAMMA.get(points.transfer)
    if points.primaries not in _CHROMATICITY or (points.primaries == _SRGB_PRIMARIES and not gamma):
        return None, []
    return ColourProfile(None, gamma, _CHROMATICITY[points.primaries]), []
