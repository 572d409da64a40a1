"""What the network is given of a photo and a trimap. No TensorFlow here."""

import numpy as np

from dim_tf.config import IMAGE_MEAN_RGB, SIZE_MULTIPLE


def network_input(rgb: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Photo and trimap, mirrored at the lower and right border to a size that the network takes.

    Args:
        rgb: [H, W, 3] uint8.
        trimap: [H, W] uint8 in {0, 128, 255}.

    Returns:
        [H', W', 4] float32: the photo minus `IMAGE_MEAN_RGB`, and the trimap; H' and W' are the
        next multiples of `SIZE_MULTIPLE`.
    """
    inputs = np.concatenate(
        [rgb.astype(np.float32) - np.float32(IMAGE_MEAN_RGB), trimap[..., None]],
        axis=-1,
        dtype=np.float32,
    )
    padding = [(0, -side % SIZE_MULTIPLE) for side in trimap.shape]
    return np.pad(inputs, [*padding, (0, 0)], mode="reflect")
