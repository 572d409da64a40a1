"""Constants of the project. What a user may change is a setting instead."""

# Trimap values (paper, section 4: the fourth input channel).
BACKGROUND = 0
UNKNOWN = 128
FOREGROUND = 255

# Mean of the training images, RGB order, grey levels (original: matting.py, g_mean). It is not the
# mean VGG16 was trained with; the original's choice is kept.
IMAGE_MEAN_RGB = (126.88, 120.24, 112.19)

# Input scaling of `normalize_vgg`: (RGB - mean) / 64 and (trimap - 128) / 64.
NORMALIZED_INPUT_DIVISOR = 64.0

# Five poolings: height and width of what enters the network are multiples of this.
SIZE_MULTIPLE = 32

# Inference: the largest photo for one pass, and the part of a larger one that a tile decides.
MAX_PIXELS = 2_000_000
TILE_CORE_SIDE = 704

# Pictures: larger ones are refused before they are decoded, and OpenCV decodes none above 2^30.
MAX_INPUT_MEGAPIXELS = 100.0
LARGEST_INPUT_MEGAPIXELS = 2**30 / 1e6

# Offline geometry (blog): the matte's long side, and the canvas a 640 crop centred on any of its
# pixels stays inside: 640 + 2 * 320.
FOREGROUND_LONG_SIDE = 640
CANVAS_SIDE = 1280

# Batch norm: the TensorFlow 1 defaults the original ran with.
BATCH_NORM_EPSILON = 1e-3
BATCH_NORM_MOMENTUM = 0.99

# Both losses are sqrt(difference^2 + LOSS_EPSILON^2) (paper, equation 1).
LOSS_EPSILON = 1e-6

# Levels of the pyramids that the Laplacian loss compares, from the picture itself to a 16th of its
# side; to find the details of the last, one of a 32nd is made.
LAPLACIAN_LEVELS = 5

# The cosine schedule ends at this share of the learning rate.
FINAL_LEARNING_RATE = 0.02

# What NumPy takes as a seed.
LARGEST_SEED = 2**32 - 1
