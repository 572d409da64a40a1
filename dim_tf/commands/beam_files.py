"""Files on any filesystem that Beam knows: listed one by one, written under a temporary name."""

import contextlib
import errno
import os
import re
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from apache_beam.io.filesystem import BeamIOError, CompressionTypes, FileMetadata
from apache_beam.io.filesystems import FileSystems

from dim_tf.config import MAX_INPUT_MEGAPIXELS
from dim_tf.pictures.folders import is_picture_name
from dim_tf.pictures.picture import Picture, picture_of_content
from dim_tf.pictures.writing import begins_as_own_matte
from dim_tf.system.errors import InputError
from dim_tf.system.files import WriteError

# In the folder of a file that is written.
_UNFINISHED = ".unfinished"
# What is wrong with one file's name, however often it is tried, and with no other file's: it is too
# long, or a folder has it.
_OF_THE_NAME = {errno.ENAMETOOLONG, errno.EISDIR}


def pictures_matching(pattern: str) -> Iterator[str]:
    """The pictures that a pattern means, as the filesystem lists them; hidden files are left out.

    One after the other, where `FileSystems.match` makes a list of all of them.

    Args:
        pattern: a URL, or a path with a folder in it, with `*`, `?` and `[…]`, or `**`, which goes
            into folders; a folder ending in / means the files in it.

    Raises:
        BeamIOError: the filesystem cannot list them.
    """
    if pattern.endswith("/"):
        pattern += "*"
    filesystem = FileSystems.get_filesystem(pattern)
    fixed = re.match(r"[^[*?]*", pattern)[0]
    if fixed == pattern:
        found = [FileMetadata(pattern, 0)] if filesystem.exists(pattern) else []
    else:
        if filesystem.has_dirs():
            fixed = fixed.rpartition("/")[0] or "/"
        # Its listing yields one after the other; only `FileSystem.match` makes a list of it.
        found = filesystem.match_files(filesystem._list(fixed), pattern)
    for file in found:
        if is_picture_name(PurePosixPath(file.path)):
            yield file.path


def read_picture_at(url: str, max_megapixels: float = MAX_INPUT_MEGAPIXELS) -> Picture:
    """`dim_tf.pictures.picture.read_picture` of a file anywhere.

    Raises:
        InputError: the file cannot be read, or see `picture_of_content`.
    """
    with _opened(url) as file:
        content = file.read()
    return picture_of_content(content, url, max_megapixels)


def is_matte_at(url: str) -> bool:
    """Whether a file is a matte that this program wrote.

    Raises:
        InputError: the file cannot be read.
    """
    with _opened(url) as file:
        return begins_as_own_matte(file)


@contextlib.contextmanager
def _opened(url: str) -> Iterator[BinaryIO]:
    try:
        with FileSystems.open(url, compression_type=CompressionTypes.UNCOMPRESSED) as file:
            yield file
    except (OSError, BeamIOError) as error:
        raise InputError(f"{url} cannot be read: {error}.") from None


def write_at(
    url: str, content: Iterable[bytes], writer: str, media_type: str = "image/png"
) -> None:
    """Writes a file: complete, or not there.

    Args:
        url: of the file.
        content: the parts of it.
        writer: name of the run; see `remove_unfinished`.
        media_type: of the content, for filesystems that keep it.

    Raises:
        WriteError: no file can have this name there.
        OSError: it cannot be written; the runner tries again.
    """
    folder, _ = FileSystems.split(url)
    temporary = FileSystems.join(folder, _UNFINISHED, writer, uuid.uuid4().hex)
    with FileSystems.create(
        temporary, media_type, compression_type=CompressionTypes.UNCOMPRESSED
    ) as file:
        for part in content:
            file.write(part)
        if FileSystems.get_scheme(url) is None:
            # Else after a power cut the name may be there and the content not, and never be made.
            file.flush()
            os.fsync(file.fileno())
    try:
        FileSystems.rename([temporary], [url])
    except BeamIOError as error:
        number = next(iter(_numbers_in(error) & _OF_THE_NAME), None)
        if number is None:
            raise
        raise WriteError(f"{url} cannot be written: {os.strerror(number)}.", number) from None


def _numbers_in(error: BeamIOError) -> set[int | None]:
    """What the operating system calls the errors that Beam wraps, twice on local disks."""
    wrapped = [*(error.exception_details or {}).values()]
    inner = [cause for outer in wrapped for cause in getattr(outer, "args", ())]
    return {getattr(cause, "errno", None) for cause in (*wrapped, *inner)}


def is_written(url: str) -> bool:
    """Whether there is such a file; a folder of its name is none."""
    return FileSystems.exists(url) and not Path(url).is_dir()


def remove_unfinished(folder: str, writer: str) -> None:
    """Deletes what killed processes of a run left of `write_at`; of other runs nothing."""
    left = FileSystems.join(folder, _UNFINISHED, writer)
    with contextlib.suppress(OSError, BeamIOError):  # nothing is there
        (found,) = FileSystems.match([f"{left}/*"])
        FileSystems.delete([file.path for file in found.metadata_list])
    if FileSystems.get_scheme(folder) is None:
        # Not by `FileSystems.delete`, which deletes what others write there meanwhile.
        for empty in (Path(left), Path(left).parent):
            with contextlib.suppress(OSError):
                empty.rmdir()
