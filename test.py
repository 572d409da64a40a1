"""Cuts an object out of a photo: from a photo and a mask or trimap to its matte.

A demo on the shipped sample, writes alpha.png and alpha_side_by_side.png:
    python test.py

Your photo with a rough mask of the object (white on black):
    python test.py --rgb=photo.png --alpha=mask.png

With a trimap drawn by hand (0 background, 128 unknown, 255 foreground):
    python test.py --rgb=photo.png --trimap=trimap.png --output=cut.png --side_by_side=look.png

With no mask at all, a rectangle around the object (x,y,width,height), or --rect=auto:
    python test.py --rgb=photo.png --rect=120,80,600,450

Many photos, paired with their masks by file name without suffix:
    python test.py --rgb=photos --alpha=masks --output=mattes
    python test.py --rgb='photos/*.jpg' --trimap='trimaps/*.png' --output=mattes

How good the mattes are, where the true ones are known; writes the folder report:
    python test.py --rgb=photos --trimap=trimaps --gt=true_mattes --output=mattes

How good the mattes of another tool are:
    python test.py --predictions=its_mattes --trimap=trimaps --gt=true_mattes --rgb=photos
"""

from dim_tf.commands.script import Command, run_script
from dim_tf.commands.words.matte import write_mattes
from dim_tf.config import InferenceConfig


def run(config: InferenceConfig) -> None:
    """Writes the matte of every photo."""
    write_mattes(config)


if __name__ == "__main__":
    run_script(Command(InferenceConfig, run))
