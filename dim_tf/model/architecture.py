"""The numbers of the network. No TensorFlow here: whatever else builds it takes them from here."""

# Channels of VGG16's five stages and the number of 3×3 convolutions in each.
ENCODER_STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
# Channels of deconv6 and of the five decoder convolutions, from coarse to fine.
DECONV6_CHANNELS = 512
DECODER_CHANNELS = (512, 256, 128, 64, 64)
FC6 = {"7x7": (7, 4096), "3x3": (3, 512), "1x1": (1, 512)}
REFINEMENT_CHANNELS = 64
# The layer of the certainty. Its scale b begins at e^-2.5 = 0.08 everywhere, and is kept between
# these two logarithms: a third of a grey level, and more than alpha's whole range.
SCALE_LAYER = "pred_scale"
FIRST_LOG_SCALE, SMALLEST_LOG_SCALE, LARGEST_LOG_SCALE = -2.5, -6.0, 1.0

ENCODER_LAYERS = tuple(
    f"conv{stage}_{number}"
    for stage, (_, count) in enumerate(ENCODER_STAGES, start=1)
    for number in range(1, count + 1)
)
