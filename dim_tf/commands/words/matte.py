"""The matte of a photo, from a rough mask of its object: white inside, black outside.

    dim-tf matte photo.jpg mask.png

writes alpha.png. Under another name, and with a look at photo, trimap, matte and composite:

    dim-tf matte photo.jpg mask.png -o matte.png --side_by_side=look.png

With a trimap of your own (0 background, 128 unknown, 255 foreground), or with no mask at all, by a
rectangle around the object (x,y,width,height) or --rect=auto:

    dim-tf matte photo.jpg --trimap=trimap.png
    dim-tf matte photo.jpg --rect=120,80,600,450

Many photos, paired with their masks by file name without suffix:

    dim-tf matte photos/ --masks masks/ -o out/
    dim-tf matte 'photos/*.jpg' 'masks/*.png' -o out/

In a pipe, - is standard input and standard output:

    dim-tf matte - mask.png -o - < photo.jpg > matte.png

Without any name it is a demo on the shipped sample.
"""

from dim_tf.commands.script import Command
from dim_tf.config import InferenceConfig


def write_mattes(config: InferenceConfig) -> None:
    """Writes the matte of every photo.

    Raises:
        InputError: see `standard_streams` and `run_inference`.
    """
    from dim_tf.commands.matte import run_inference  # OpenCV and TensorFlow: not for --help
    from dim_tf.commands.streams import standard_streams

    with standard_streams(config) as files:
        run_inference(files)


COMMAND = Command(
    InferenceConfig,
    write_mattes,
    files=("rgb", "alpha"),
    aliases={"o": "output", "masks": "alpha", "mask": "alpha"},
    takes_patterns=True,
)
