import shutil

import numpy as np
import pytest

from dim_tf.dataset.left_out import photos_to_train_on, refuse_to_train_on_what_was_held_out
from dim_tf.dataset.left_out import write_held_out_names as write
from dim_tf.dataset.sources import split_photos
from dim_tf.pictures.folders import list_images
from dim_tf.pictures.writing import write_png
from dim_tf.system.errors import InputError


@pytest.mark.parametrize("move", [shutil.copy, lambda one, other: other.hardlink_to(one)])
def test_a_copy_of_what_is_held_out_elsewhere_is_not_trained_on(tmp_path, move):
    photos, backgrounds = tmp_path / "photos", tmp_path / "backgrounds"
    backgrounds.mkdir()
    random = np.random.default_rng(0)
    for number in range(30):
        picture = random.integers(0, 256, (9, 9, 3), np.uint8)
        write_png(photos / f"{number:02d}.png", picture)
        if number > 2:  # so that others are held out by their places
            move(photos / f"{number:02d}.png", backgrounds / f"copy of {number:02d}.png")
    folders = str(photos), str(backgrounds)
    held_out = {
        photo.read_bytes() for folder in folders for photo in split_photos(list_images(folder))[1]
    }
    for folder in folders:
        trained = photos_to_train_on(folder, folders, hold_out=True)
        assert len(trained) == 30 - 3 * (folder == folders[1]) - len(held_out)
        assert not held_out & {photo.read_bytes() for photo in trained}
        assert photos_to_train_on(folder, folders, hold_out=False) == list_images(folder)


def test_what_was_held_out_before_is_not_trained_on(tmp_path):
    refuse_to_train_on_what_was_held_out(tmp_path, ["m11"], ["b05"])  # there is no list
    write(tmp_path, {"alpha_dir": ["m11"], "bg_dir": ["b05.jpg"]})
    refuse_to_train_on_what_was_held_out(tmp_path, ["m10", "b05"], ["b04", "m11"])
    with pytest.raises(InputError, match=r"m11 was held out of .*, as --alpha_dir holds"):
        refuse_to_train_on_what_was_held_out(tmp_path, ["m10", "m11"], ["b04"])
    with pytest.raises(InputError, match=r"b05\.jpg was held out of .*, as --bg_dir holds"):
        refuse_to_train_on_what_was_held_out(tmp_path, ["m10"], ["b05"])
