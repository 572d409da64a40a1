"""From the files of a photo to the arrays that the network needs, whatever the user has."""

from pathlib import Path

from dim_tf.config import ReadingConfig
from dim_tf.pictures.picture import Picture, read_picture
from dim_tf.system.errors import tell
from dim_tf.trimaps.on_photo import PhotoAndTrimap, Teller, photo_and_trimap


def with_its_trimap(
    picture: Picture, beside: Path | None, reading: ReadingConfig, told: Teller = tell
) -> PhotoAndTrimap:
    """A photo and its trimap: from a trimap, a mask, or a rectangle around the object.

    Args:
        picture: the photo.
        beside: mask or trimap to read, or None.
        reading: how.
        told: gets what was repaired or assumed.

    Raises:
        InputError: a picture cannot be read, or see `photo_and_trimap`.
    """
    mask = beside and read_picture(beside, reading.max_input_megapixels)
    return photo_and_trimap(picture, mask, reading, told)
