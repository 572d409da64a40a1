r"""Makes a training dataset from mattes, their foreground colours and background photographs.

Each matte needs a picture of the same name and size that carries its foreground colours (the blog
calls it eps). What cannot be used is named at the end; a second run does only what is missing.

Your own mattes:
    python preprocess_offline.py --alpha_dir=mattes --eps_dir=colours --bg_dir=photos --out_dir=data

No mattes at hand (5,000 procedural ones, coloured from photographs):
    python preprocess_offline.py --synthetic=5000 --photos_dir=photos --out_dir=data

Real cut-outs besides, transparent pictures or pairs of NAME.jpg and NAME.png:
    python preprocess_offline.py --synthetic=5000 --photos_dir=photos --cutouts_dir=cutouts \
        --mix=synthetic:0.5,cutouts:0.5 --out_dir=data

The Adobe matting dataset, and its test set Composition-1k:
    python preprocess_offline.py --adobe_root=Adobe --bg_dir=train2014 --out_dir=data
    python preprocess_offline.py --adobe_root=Adobe --adobe_split=test --bg_dir=VOC --out_dir=c1k
"""

from dim_tf.commands.script import Command, run_script
from dim_tf.commands.words.prepare import prepare
from dim_tf.config import OfflineConfig


def make(config: OfflineConfig) -> None:
    """Makes the dataset and prints what was done."""
    prepare(config)


if __name__ == "__main__":
    run_script(Command(OfflineConfig, make))
