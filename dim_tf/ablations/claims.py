"""What can be claimed of an arm, and the numbers that it is judged with."""

from typing import Literal, NamedTuple

from dim_tf.ablations.arms import LONG, SHORT, Scale

Rule = Literal[
    "worse", "better", "no effect", "not needed", "all black", "fits one sample", "reported"
]

# Sets of pictures that a record holds the errors of.
HELD_OUT = "held_out"  # by the weights of the last step
HELD_OUT_DILATE = "held_out_dilate"  # the same, judged on trimaps by dilation only
HELD_OUT_BATCH = "held_out_batch"  # the same as the first, with the image's own statistics
HELD_OUT_FIRST = "held_out_first"  # the same as the first, by the network without its refinement
HELD_OUT_AVERAGED = "held_out_averaged"  # the same as the first, by the averaged weights
HELD_OUT_RELEASED = "held_out_released"  # by those, batch norm's averages measured anew for them
CUTOUTS = "cutouts"  # composites of real cut-outs
CUTOUTS_AVERAGED = "cutouts_averaged"  # the same, by the averaged weights
CUTOUTS_RELEASED = "cutouts_released"  # by those, batch norm's averages measured anew for them
VALIDATION = "validation"
TRAINING = "training"  # no pictures: the error on the examples of the last steps
# What claims are judged by, unless they are about something else, and its like on cut-outs. The
# last step alone is noisy.
JUDGED = HELD_OUT_RELEASED
CUTOUTS_JUDGED = CUTOUTS_RELEASED
# Where batch norm is frozen, both are the same: there is nothing to measure anew.
SAME_IF_FROZEN = {HELD_OUT_RELEASED: HELD_OUT_AVERAGED, CUTOUTS_RELEASED: CUTOUTS_AVERAGED}
# Measures of one picture, in the order of the tables. The first one is what claims are judged by.
MEASURES = ("unknown_mae", "SAD", "MSE", "Grad")

# A change by less than this share of the base's error is no effect.
NO_EFFECT = 0.05
PERCENT = f"{100 * NO_EFFECT:g}"
# A prediction whose mean over the unknown region is below this is all black.
BLACK_BELOW = 0.02
# A run ends all black if more than this share of its predictions are.
BLACK_SHARE = 0.9
# A run's prediction has the same mean for every picture, black or not, if the means over the
# unknown regions deviate by less than this over the pictures.
SAME_BELOW = 0.02
# What is told beside `BLACK_BELOW`, so that a reader sees what hangs on it.
NEARLY_BLACK_BELOW = 0.05
# "It ends all black" holds if more than the first share of runs do, and does not if fewer than the
# second do.
MOST_RUNS, NEARLY_ALL_RUNS = 0.5, 0.9
# A sample is fitted where the mean absolute error on it is below this.
FITTED_BELOW = 0.05


class Claim(NamedTuple):
    """One sentence that the runs can bear out or not.

    Attributes:
        text: the claim.
        short: the arm it is about at the short scale, and the arm that is compared with; empty: it
            is not run at this scale.
        long: the same at the long scale.
        rule: how it is judged; "reported": it is only measured.
        judged_on: set of pictures.
        against_on: set for the arm that is compared with; empty takes the same.
        kinds: of mattes that count; empty takes all.
        minus_kinds: the difference on these kinds is taken off that on `kinds`.
        counts: whether the row's verdict depends on it.
        measure: of a picture, one of `MEASURES`.
        is_told: whether the prose tells it though it is only measured.
    """

    text: str
    short: tuple[str, str] | tuple[()] = ()
    long: tuple[str, str] | tuple[()] = ()
    rule: Rule = "worse"
    judged_on: str = JUDGED
    against_on: str = ""
    kinds: tuple[str, ...] = ()
    minus_kinds: tuple[str, ...] = ()
    counts: bool = True
    measure: str = MEASURES[0]
    is_told: bool = False

    @property
    def decides_row(self) -> bool:
        """Whether it is judged and counts."""
        return self.counts and self.rule != "reported"

    def arms_at(self, scale: Scale) -> tuple[str, str] | tuple[()]:
        """The arm it is about and the one compared with, or nothing."""
        return self.long if scale == LONG else self.short

    @property
    def scales(self) -> tuple[Scale, ...]:
        """At which it is run."""
        return tuple(scale for scale in (SHORT, LONG) if self.arms_at(scale))


class Row(NamedTuple):
    """One row of the blog's ablations.

    Attributes:
        number: from 1.
        title: the switch.
        says: what the blog or the original's README says.
        claims: the same, in parts that can be judged; a row is held if all that count are.
        short: arms in its tables at the short scale.
        long: the same at the long scale.
        judged_together: whether the row has a verdict of its own.
    """

    number: int
    title: str
    says: str
    claims: tuple[Claim, ...]
    short: tuple[str, ...]
    long: tuple[str, ...] = ()
    judged_together: bool = True

    def arms_at(self, scale: Scale) -> tuple[str, ...]:
        """Arms in its tables."""
        return self.long if scale == LONG else self.short
