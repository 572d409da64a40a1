"""How much photographs vary: what `appearance` draws from. No TensorFlow here.

All uniform but for those of the blurs, which are log-uniform. Levels are of grey, 0 to 255.
"""

CONTRAST = (0.5, 1.5)
BRIGHTNESS = (-50.0, 50.0)  # levels
GAMMA = (0.7, 1.4)
CHANNEL_GAIN = (0.85, 1.15)
SIMILARITY = (0.5, 1.0)
BLUR_SIGMA = (0.7, 7.0)  # pixels
EDGE_SIGMA = (0.4, 1.6)  # pixels
NOISE_SIGMA = (1.0, 8.0)  # levels
JPEG_QUALITY = (40.0, 96.0)

# A plain backdrop is bright in so many of all cases, of any colour in so many, and else has nearly
# the colour of a place of the object.
BRIGHT_SHARE, ANY_COLOUR_SHARE = 0.45, 0.15
BRIGHT = (200.0, 255.0)  # levels
TINT_SIGMA, LIKENESS_SIGMA = 4.0, 10.0  # levels
WRINKLES = (0.0, 0.2)  # share of a photograph's contrast
SHADOW_STRENGTH = (0.0, 0.5)
# Shadows are drawn on a grid this many times coarser.
SHADOW_CELL = 16

# A blur's window reaches as far as two of the widest sigma.
BLUR_RADIUS = 14
# A plain background gets no more than this much contrast when its colours are moved.
LARGEST_SCALE = 2.0
