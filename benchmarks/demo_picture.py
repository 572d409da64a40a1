"""Picture of the README: the shipped sample's photo, trimap, matte and cut-out on green.

python benchmarks/demo_picture.py [--out=docs/images/demo.png]
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

import dim_tf

ASSETS = Path(dim_tf.__file__).parent / "assets"
GREEN = (40, 160, 80)
REDUCED = 0.6
GAP = 5  # white pixels between two


def demo_picture() -> Image.Image:
    """Returns: the four side by side, reduced."""
    photo = Image.open(ASSETS / "sample_rgb.png").convert("RGB")
    mask = ASSETS / "sample_mask.png"
    cutout = dim_tf.cutout(photo, mask=mask)
    on_green = Image.new("RGBA", photo.size, GREEN)
    on_green.alpha_composite(cutout)
    panels = (
        photo,
        Image.fromarray(np.asarray(dim_tf.trimap(photo, mask=mask))),
        cutout.getchannel("A"),
        on_green,
    )
    width, height = (round(REDUCED * side) for side in photo.size)
    picture = Image.new("RGB", (len(panels) * (width + GAP) - GAP, height), "white")
    for number, panel in enumerate(panels):
        reduced = panel.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
        picture.paste(reduced, (number * (width + GAP), 0))
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/images/demo.png"))
    dim_tf.write_png(parser.parse_args().out, np.asarray(demo_picture()))


if __name__ == "__main__":
    main()
