"""Whether a folder of mattes and a folder of colours were given the wrong way round."""

from collections.abc import Sequence
from pathlib import Path

from dim_tf.config import FolderConfig
from dim_tf.dataset.folders import ForegroundFiles
from dim_tf.pictures.matte import ColouredMatteError, matte_of
from dim_tf.pictures.picture import read_picture
from dim_tf.system.errors import InputError

# So many mattes are looked at.
_MATTES_LOOKED_AT = 20


def refuse_exchanged(foregrounds: Sequence[ForegroundFiles], folders: FolderConfig) -> None:
    """Refuses folders most of whose mattes are photographs, before anything is written.

    Args:
        foregrounds: of the folders; some are looked at.
        folders: for the error.

    Raises:
        InputError: they are.
    """
    step = max(1, len(foregrounds) // _MATTES_LOOKED_AT)
    looked_at = foregrounds[::step]
    coloured = [files for files in looked_at if _is_coloured(files.alpha_file)]
    if 2 * len(coloured) <= len(looked_at):
        return
    told = (
        f"{len(coloured)} of {len(looked_at)} pictures looked at in --alpha_dir="
        f"{folders.alpha_dir} are in colours, such as {coloured[0].alpha_file.name}, and a matte "
        "is grey"
    )
    if 2 * sum(_is_coloured(files.eps_file) for files in coloured) <= len(coloured):
        raise InputError(f"--alpha_dir and --eps_dir look exchanged: {told}; exchange the two.")
    raise InputError(f"{told}; give a folder of mattes.")


def _is_coloured(file: Path) -> bool:
    try:
        matte_of(read_picture(file))
    except ColouredMatteError:
        return True
    except InputError:  # its own sentence comes when it is read
        return False
    return False
