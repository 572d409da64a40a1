"""What is claimed of the arms: the ten rows of the report, and the rule that judges each claim."""

from typing import Literal, NamedTuple

Rule = Literal[
    "worse", "better", "no effect", "not needed", "all black", "fits one sample", "reported"
]

# Sets of pictures that a record holds the errors of.
HELD_OUT = "held_out"
HELD_OUT_DILATE = "held_out_dilate"  # the same, judged on trimaps by dilation only
HELD_OUT_BATCH = "held_out_batch"  # the same as the first, with the image's own statistics
HELD_OUT_FIRST = "held_out_first"  # the same as the first, by the network without its refinement
CUTOUTS = "cutouts"  # composites of real cut-outs
VALIDATION = "validation"
TRAINING = "training"  # no pictures: the error on the examples of the last steps

# A change by less than this share of the base's error is no effect.
NO_EFFECT = 0.05
# A prediction whose mean over the unknown region is below this is all black.
BLACK_BELOW = 0.02
# "It ends all black": for at least this share of the pictures.
BLACK_SHARE = 0.9
# A sample is fitted where the mean absolute error on it is below this.
FITTED_BELOW = 0.05


class Claim(NamedTuple):
    """One sentence that the runs can bear out or not.

    Attributes:
        text: the claim.
        arm: the arm it is about.
        against: the arm it is compared with.
        rule: how it is judged; "reported": it is only measured.
        judged_on: set of pictures.
        against_on: set for `against`; empty takes the same.
        kinds: of mattes that count; empty takes all.
    """

    text: str
    arm: str
    against: str = "base"
    rule: Rule = "worse"
    judged_on: str = HELD_OUT
    against_on: str = ""
    kinds: tuple[str, ...] = ()


class Row(NamedTuple):
    """One row of the blog's ablations.

    Attributes:
        number: from 1.
        title: the switch.
        says: what the blog or the original's README says.
        claims: the same, in parts that can be judged; a row is held if all of them are.
        arms: those in its tables.
        judged_together: whether the row has a verdict of its own.
    """

    number: int
    title: str
    says: str
    claims: tuple[Claim, ...]
    arms: tuple[str, ...]
    judged_together: bool = True


ROWS: tuple[Row, ...] = (
    Row(
        1,
        "Unpooling or deconvolution",
        "Deconvolution overfits a single sample, but cannot fit the set; it misses fine detail "
        "such as hair.",
        (
            Claim(
                "Deconvolution fits one sample.",
                "overfit_deconv",
                "overfit_unpool",
                "fits one sample",
                TRAINING,
            ),
            Claim("Deconvolution fits the set worse.", "deconv", judged_on=TRAINING),
            Claim("Deconvolution is worse on held-out pictures.", "deconv"),
            Claim("Deconvolution is worse on hair and fur.", "deconv", kinds=("hair", "fur")),
            Claim("Deconvolution on hard edges.", "deconv", rule="reported", kinds=("hard",)),
        ),
        ("base", "deconv", "overfit_unpool", "overfit_deconv"),
    ),
    Row(
        2,
        "Batch norm",
        "Without batch norm the prediction ends all black.",
        (
            Claim(
                "Without it, at 1e-5 as in the blog, all is black.",
                "no_batch_norm_slow",
                rule="all black",
            ),
            Claim(
                "Without it, at the base's 1e-4, all is black.", "no_batch_norm", rule="all black"
            ),
        ),
        ("base", "no_batch_norm", "no_batch_norm_slow"),
    ),
    Row(
        3,
        "Weight of the known pixels",
        "0.5 or 0 has no effect on the upper limit.",
        (Claim("Known weight 0 has no effect.", "known_weight_0", rule="no effect"),),
        ("base", "known_weight_0"),
    ),
    Row(
        4,
        "Batch size",
        "1 is enough, every pixel is a sample.",
        (
            Claim(
                "A batch of 5 is not needed, at equal examples.",
                "batch_5_equal_examples",
                rule="not needed",
            ),
            Claim("A batch of 5 is not needed, at equal steps.", "batch_5", rule="not needed"),
        ),
        ("base", "batch_5", "batch_5_equal_examples"),
    ),
    Row(
        5,
        "Compositing before or after resizing",
        "Composited before resizing, the ground truth drifts, and training suffers.",
        (Claim("Compositing before resizing is worse.", "composite_before"),),
        ("base", "composite_before"),
    ),
    Row(
        6,
        "Trimaps by dilation only, or by dilation and erosion",
        'Dilation only was a "fatal mistake".',
        (
            Claim("Dilation only is worse on trimaps by both.", "dilate_only"),
            Claim(
                "Dilation only on trimaps by dilation only.",
                "dilate_only",
                rule="reported",
                judged_on=HELD_OUT_DILATE,
            ),
        ),
        ("base", "dilate_only"),
    ),
    Row(
        7,
        "Foreground colours as they are, or premultiplied",
        "The original multiplies by alpha twice: a bug.",
        (Claim("Premultiplied colours are worse.", "premultiplied"),),
        ("base", "premultiplied"),
    ),
    Row(
        8,
        "Compositional loss divided by 255 or not",
        "Not divided, the compositional loss drowns the alpha loss.",
        (Claim("Not divided is worse.", "comp_not_divided"),),
        ("base", "comp_not_divided"),
    ),
    Row(
        9,
        "Refinement stage, crossed with row 5",
        "The open question: once the drift is gone, is the refinement stage still needed? Judged "
        "as the claim that it is not.",
        (Claim("Without the drift, refinement is not needed.", "refine", rule="not needed"),),
        ("base", "refine", "composite_before", "refine_composite_before"),
    ),
    Row(
        10,
        "Ours",
        "What the original did not have, or did not try. The claims are this project's.",
        (
            Claim("Skip additions are better.", "skip", rule="better"),
            Claim("Normalized input.", "normalize_input", rule="reported"),
            Claim("A learning rate of 1e-5 is worse than 1e-4.", "learning_rate_1e-5"),
            Claim(
                "The image's own batch norm statistics at inference.",
                "base",
                rule="reported",
                judged_on=HELD_OUT_BATCH,
                against_on=HELD_OUT,
            ),
            Claim("VGG16's weights are better than a random start.", "vgg", rule="better"),
            Claim(
                "Normalized, VGG16's weights are better still.", "vgg_normalized", "vgg", "better"
            ),
        ),
        ("base", "skip", "normalize_input", "learning_rate_1e-5", "vgg", "vgg_normalized"),
        judged_together=False,
    ),
)
