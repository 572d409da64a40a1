"""The ten rows of the report: what is claimed of which arms."""

from dim_tf.ablations.arms import LONG
from dim_tf.ablations.claims import (
    HELD_OUT,
    HELD_OUT_BATCH,
    HELD_OUT_DILATE,
    HELD_OUT_FIRST,
    TRAINING,
    Claim,
    Row,
)

# Kinds of matte with detail of a pixel's width, which deconvolution is said to miss.
_FINE = ("hair", "fur")


def _both(
    name: str, against: str = "base", against_long: str = ""
) -> tuple[tuple[str, str], tuple[str, str]]:
    """An arm and what it is compared with, at the short and at the long scale."""
    return (name, against), (f"{LONG}_{name}", f"{LONG}_{against_long or against}")


ROWS: tuple[Row, ...] = (
    Row(
        1,
        "Unpooling or deconvolution",
        "Deconvolution overfits a single sample, but cannot fit the set; it misses fine detail "
        "such as hair.",
        (
            Claim(
                "Deconvolution fits one sample.",
                ("overfit_deconv", "overfit_unpool"),
                rule="fits one sample",
                judged_on=TRAINING,
            ),
            Claim(
                "Deconvolution's error on the training examples is larger.",
                *_both("deconv"),
                judged_on=TRAINING,
            ),
            Claim("Deconvolution is worse on held-out pictures.", *_both("deconv")),
            Claim("Deconvolution is worse on hair and fur.", *_both("deconv"), kinds=_FINE),
            Claim(
                "Deconvolution on hard edges.",
                *_both("deconv"),
                rule="reported",
                kinds=("hard",),
                is_told=True,
            ),
            Claim(
                "Deconvolution loses more on hair and fur than on hard edges.",
                *_both("deconv"),
                kinds=_FINE,
                minus_kinds=("hard",),
            ),
        ),
        ("base", "deconv", "overfit_unpool", "overfit_deconv"),
        ("long_base", "long_deconv"),
    ),
    Row(
        2,
        "Batch norm",
        "Without batch norm the prediction ends all black.",
        (
            Claim(
                "From the original's start, without batch norm at 1e-5, all is black.",
                *_both("original_start_no_batch_norm", "original_start"),
                rule="all black",
            ),
            Claim(
                "From the original's start, without batch norm at 1e-5, against with it at 1e-4.",
                ("original_start_no_batch_norm", "original_start"),
                rule="reported",
            ),
            Claim(
                "From this project's start, without batch norm at 1e-5, all is black.",
                *_both("no_batch_norm_slow"),
                rule="all black",
                counts=False,
            ),
            Claim(
                "From this project's start, without batch norm at 1e-4, all is black.",
                *_both("no_batch_norm"),
                rule="all black",
                counts=False,
            ),
            Claim(
                "From this project's start, training without batch norm at 1e-4 is worse.",
                *_both("no_batch_norm"),
                counts=False,
            ),
            Claim(
                "From this project's start, training without batch norm at 1e-5 is worse.",
                ("no_batch_norm_slow", "learning_rate_1e-5"),
                counts=False,
            ),
        ),
        (
            *("base", "no_batch_norm", "no_batch_norm_slow"),
            *("original_start", "original_start_no_batch_norm"),
        ),
        (
            *("long_base", "long_no_batch_norm", "long_no_batch_norm_slow"),
            *("long_original_start", "long_original_start_no_batch_norm"),
        ),
    ),
    Row(
        3,
        "Weight of the known pixels",
        "0.5 or 0 has no effect on the upper limit.",
        (Claim("Known weight 0 has no effect.", ("known_weight_0", "base"), rule="no effect"),),
        ("base", "known_weight_0"),
    ),
    Row(
        4,
        "Batch size",
        "1 is enough, every pixel is a sample.",
        (
            Claim(
                "A batch of 5 is not needed, at equal examples.",
                *_both("batch_5_equal_examples"),
                rule="not needed",
            ),
            Claim(
                "A batch of 5 is not needed, at equal steps.",
                ("batch_5", "base"),
                rule="not needed",
            ),
            Claim(
                "A batch of 5 at equal examples, both by the image's own batch norm statistics.",
                *_both("batch_5_equal_examples"),
                rule="reported",
                judged_on=HELD_OUT_BATCH,
                is_told=True,
            ),
        ),
        ("base", "batch_5", "batch_5_equal_examples"),
        ("long_base", "long_batch_5_equal_examples"),
    ),
    Row(
        5,
        "Compositing before or after resizing",
        "Composited before resizing, the ground truth drifts, and training suffers.",
        (Claim("Compositing before resizing is worse.", *_both("composite_before")),),
        ("base", "composite_before"),
        ("long_base", "long_composite_before"),
    ),
    Row(
        6,
        "Trimaps by dilation only, or by dilation and erosion",
        'Dilation only was a "fatal mistake".',
        (
            Claim("Dilation only is worse on trimaps by both.", ("dilate_only", "base")),
            Claim(
                "Dilation only on trimaps by dilation only.",
                ("dilate_only", "base"),
                rule="reported",
                judged_on=HELD_OUT_DILATE,
                is_told=True,
            ),
        ),
        ("base", "dilate_only"),
    ),
    Row(
        7,
        "Foreground colours as they are, or premultiplied",
        "The original multiplies by alpha twice: a bug.",
        (Claim("Premultiplied colours are worse.", ("premultiplied", "base")),),
        ("base", "premultiplied"),
    ),
    Row(
        8,
        "Compositional loss divided by 255 or not",
        "Not divided, the compositional loss drowns the alpha loss.",
        (Claim("Not divided by 255 is worse.", ("comp_not_divided", "base")),),
        ("base", "comp_not_divided"),
    ),
    Row(
        9,
        "Refinement stage, crossed with row 5",
        "The open question: once the drift is gone, is the refinement stage still needed? Judged "
        "as the claim that it is not.",
        (
            Claim(
                "Without the drift, refinement is not needed.",
                *_both("refine", against_long="tuned"),
                rule="not needed",
            ),
            Claim(
                "With the drift, refinement is not needed.",
                *_both("refine_composite_before", "composite_before", "tuned_composite_before"),
                rule="not needed",
                counts=False,
            ),
            Claim(
                "The stage alone, trained on a finished network, improves its matte.",
                long=(f"{LONG}_refine_alone", f"{LONG}_refine_alone"),
                rule="better",
                judged_on=HELD_OUT,
                against_on=HELD_OUT_FIRST,
                counts=False,
            ),
            Claim(
                "Trained together, the matte after the stage against that before it.",
                *_both("refine", "refine"),
                rule="reported",
                judged_on=HELD_OUT,
                against_on=HELD_OUT_FIRST,
                is_told=True,
            ),
            Claim(
                "MSE with refinement, without the drift.",
                *_both("refine", against_long="tuned"),
                rule="reported",
                measure="MSE",
            ),
            Claim(
                "Grad with refinement, without the drift.",
                *_both("refine", against_long="tuned"),
                rule="reported",
                measure="Grad",
                is_told=True,
            ),
            Claim(
                "Trained on without refinement, against the finished run.",
                long=(f"{LONG}_tuned", f"{LONG}_base"),
                rule="reported",
            ),
            Claim(
                "Trained on with refinement, against the finished run.",
                long=(f"{LONG}_refine", f"{LONG}_base"),
                rule="reported",
            ),
        ),
        ("base", "refine", "composite_before", "refine_composite_before"),
        (
            *("long_base", "long_tuned", "long_refine_alone", "long_refine"),
            *("long_composite_before", "long_tuned_composite_before"),
            "long_refine_composite_before",
        ),
    ),
    Row(
        10,
        "Ours",
        "What the original did not have, or did not try. The claims are this project's.",
        (
            Claim("Skip additions are better.", *_both("skip"), rule="better"),
            Claim("Normalized input.", ("normalize_input", "base"), rule="reported"),
            Claim("A learning rate of 1e-5 is worse than 1e-4.", ("learning_rate_1e-5", "base")),
            Claim(
                "The image's own batch norm statistics at inference.",
                *_both("base"),
                rule="reported",
                judged_on=HELD_OUT_BATCH,
                against_on=HELD_OUT,
            ),
            Claim(
                "VGG16's weights are better than a random start.", ("vgg", "base"), rule="better"
            ),
            Claim(
                "With normalized input, VGG16's weights are better than a random start.",
                ("vgg_normalized", "normalize_input"),
                rule="better",
            ),
            Claim(
                "The normalized start (weights, input, kernels) is better than the original's.",
                ("vgg_normalized", "original_start"),
                ("long_base", "long_original_start"),
                rule="better",
            ),
        ),
        (
            *("base", "skip", "normalize_input", "learning_rate_1e-5"),
            *("vgg", "vgg_normalized", "original_start"),
        ),
        ("long_base", "long_skip", "long_original_start"),
        judged_together=False,
    ),
)
