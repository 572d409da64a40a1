"""From the files of a photo to the arrays that the network needs, whatever the user has.

What was repaired or assumed is printed, one line for each.
"""

from dim_tf.commands.photo_jobs import PhotoJob
from dim_tf.config import ReadingConfig
from dim_tf.pictures.picture import read_picture
from dim_tf.trimaps.on_photo import PhotoAndTrimap, photo_and_trimap


def read_photo_and_trimap(job: PhotoJob, reading: ReadingConfig) -> PhotoAndTrimap:
    """Reads a photo and makes its trimap: from a trimap, a mask, or a rectangle around the object.

    Args:
        job: says what to read.
        reading: how.

    Raises:
        InputError: a picture cannot be read, or see `photo_and_trimap`.
    """
    picture = read_picture(job.photo, reading.max_input_megapixels)
    mask = job.mask and read_picture(job.mask, reading.max_input_megapixels)
    return photo_and_trimap(picture, mask, reading)
