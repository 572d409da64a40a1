"""The object of a photo alone, with transparency, from a rough mask: white inside, black outside.

    dim-tf cutout photo.jpg mask.png

writes photo_cutout.png beside the photo. Its edge has the object's own colours, freed of the old
background. Under another name, and on a new background as well, a colour or a picture:

    dim-tf cutout photo.jpg mask.png -o object.png --background=white

With a trimap of your own, or with no mask at all:

    dim-tf cutout photo.jpg --trimap=trimap.png
    dim-tf cutout photo.jpg --rect=auto

Many photos, paired with their masks by file name without suffix:

    dim-tf cutout photos/ --masks masks/ -o out/

In a pipe, - is standard input and standard output:

    dim-tf cutout - mask.png -o - < photo.jpg > cutout.png

The matte is written as well where --output names a file for it.
"""

from pathlib import Path

from dim_tf.commands.result_files import beside
from dim_tf.commands.script import Command
from dim_tf.commands.streams import STREAM
from dim_tf.commands.words.matte import write_mattes
from dim_tf.config import InferenceConfig, with_values
from dim_tf.pictures.folders import is_pattern


def cut_out(config: InferenceConfig) -> None:
    """Writes the cut-out of every photo.

    Raises:
        InputError: see `write_mattes`.
    """
    writing = config.writing
    photo, composite = config.reading.rgb, writing.composite
    if writing.background and not composite:
        named = writing.cutout
        composite = _composite_of(named) if named else _beside(photo, "composite")
    write_mattes(
        with_values(
            config,
            cutout=writing.cutout or _beside(photo, "cutout"),
            composite=composite,
            write_matte=writing.write_matte and bool(writing.output),
        )
    )


def _beside(photo: str, kind: str) -> str:
    """Where a result of the photo goes that was not named: beside it, or for several a folder."""
    path = Path(photo)
    if photo in ("", STREAM):
        return f"{kind}.png"
    if path.is_dir() or (not path.exists() and is_pattern(photo)):
        return f"{kind}s/"
    return str(beside(path, kind))


def _composite_of(cutout: str) -> str:
    """Where the composite goes that was not named, beside a cut-out that was."""
    path = Path(cutout)
    if cutout == STREAM:
        return ""
    if path.suffix.lower() != ".png" or path.is_dir():
        return cutout
    return str(beside(path, "composite"))


COMMAND = Command(
    InferenceConfig,
    cut_out,
    files=("rgb", "alpha"),
    aliases={"o": "cutout", "masks": "alpha", "mask": "alpha"},
    takes_patterns=True,
)
