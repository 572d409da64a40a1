"""A training dataset from mattes, their foreground colours and background photographs.

    dim-tf prepare mattes/ colours/ backgrounds/ -o data

Each matte needs a picture of the same name and size that carries its foreground colours (the blog
calls it eps). What cannot be used is named at the end; a second run does only what is missing.

No mattes at hand (procedural ones, coloured from photographs):

    dim-tf prepare --synthetic=2000 --photos_dir=photos -o data

Real cut-outs besides, transparent pictures or pairs of NAME.jpg and NAME.png:

    dim-tf prepare --synthetic=2000 --photos_dir=photos --cutouts_dir=cutouts -o data

The Adobe matting dataset, and its test set Composition-1k:

    dim-tf prepare --adobe_root=Adobe --bg_dir=coco/train2014 -o data
    dim-tf prepare --adobe_root=Adobe --adobe_split=test --bg_dir=voc/JPEGImages -o composition_1k
"""

from dim_tf.commands.script import Command
from dim_tf.config import OfflineConfig


def prepare(config: OfflineConfig) -> None:
    """Makes the dataset and prints what was done.

    Raises:
        InputError: see `make_dataset`.
    """
    from dim_tf.commands.prepare import make_dataset

    print(make_dataset(config))


COMMAND = Command(
    OfflineConfig,
    prepare,
    files=("alpha_dir", "eps_dir", "bg_dir"),
    aliases={"o": "out_dir"},
)
