"""Row 9 of the report: the refinement stage, with the drift of the ground truth and without."""

from collections.abc import Sequence
from typing import NamedTuple

from dim_tf.ablations.arms import LONG, SHORT, Scale
from dim_tf.ablations.claims import HELD_OUT_FIRST, JUDGED, MEASURES, PERCENT
from dim_tf.ablations.judging import (
    DID_NOT_HOLD,
    HELD,
    HELD_SLIGHTLY,
    UNDECIDED,
    Finding,
)
from dim_tf.ablations.records import Records, values_of_common_seeds
from dim_tf.ablations.statistics import Interval, interval_of
from dim_tf.ablations.tables import (
    crossed_table,
    interval_cell,
    markdown_table,
    percent_cell,
    seeds_cell,
)
from dim_tf.ablations.words import Words

# A stage that changes the error of its matte by less than this share has learned to do nothing.
_IDLE = 0.01


class Gains(NamedTuple):
    """What refinement gains in error, and whether the drift matters to it; each over seeds."""

    gain_after: Interval
    gain_before: Interval
    difference: Interval  # gain_before − gain_after
    seeds: int  # that all of it is over


# Row 9's arms at a scale: without and with refinement, composited after resizing and before.
_ARMS: dict[Scale, tuple[str, str, str, str]] = {
    SHORT: ("base", "refine", "composite_before", "refine_composite_before"),
    LONG: (
        *("long_tuned", "long_refine"),
        *("long_tuned_composite_before", "long_refine_composite_before"),
    ),
}


def gains_of_refinement(records: Records, scale: Scale) -> Gains:
    """The gain of refinement with and without drift, on the seeds that all four arms have.

    A gain is the error without refinement minus the error with it.
    """
    base, refine, before, refine_before = values_of_common_seeds(
        records, [(name, JUDGED) for name in _ARMS[scale]]
    )
    gains_after = [a - b for a, b in zip(base, refine, strict=True)]
    gains_before = [a - b for a, b in zip(before, refine_before, strict=True)]
    differences = [b - a for a, b in zip(gains_after, gains_before, strict=True)]
    intervals = map(interval_of, (gains_after, gains_before, differences))
    return Gains(*intervals, seeds=len(differences))


def refinement_and_drift(
    words: Words, records: Records, scale: Scale, findings: Sequence[Finding]
) -> list[str]:
    """The 2×2 table of the errors and that of the gains, and the answer in sentences from them."""
    found = gains_of_refinement(records, scale)
    table = markdown_table(
        [
            words(
                "{title}; seeds: {count}",
                title=words("gain of refinement: error without it − error with it"),
                count=found.seeds,
            ),
            words("[95 % interval]"),
        ],
        [
            [words("composited after resizing"), interval_cell(words, found.gain_after)],
            [words("composited before resizing"), interval_cell(words, found.gain_before)],
            [words("difference: before − after"), interval_cell(words, found.difference)],
        ],
    )
    asked = next(one for one in findings if one.scale == scale)
    verdict = HELD if asked.verdict == HELD_SLIGHTLY else asked.verdict
    answers = {
        HELD: "Once the drift is gone, refinement is not needed at this scale: with it the error "
        "changes by {change}, and that it falls by more than {percent} % is excluded.",
        DID_NOT_HOLD: "Also without the drift, refinement is needed: with it the error changes by "
        "{change}, which is more than {percent} % less.",
        UNDECIDED: "Whether refinement is needed once the drift is gone is undecided at this "
        "scale: with it the error changes by {change}, which does not tell a fall of more than "
        "{percent} % from one of less, or there are too few seeds.",
    }
    if verdict in answers:
        change = percent_cell(words, asked)
        sentences = [words(answers[verdict], change=change, percent=PERCENT)]
    else:
        sentences = [words("The question was not run yet at this scale.")]
    if found.difference.low > 0:
        sentences.append(
            words("It gains more where the ground truth drifts: in part it repairs the drift.")
        )
    elif found.difference.high < 0:
        sentences.append(words("It gains less where the ground truth drifts."))
    elif verdict in answers:
        sentences.append(words("Whether it gains more where the ground truth drifts is undecided."))
    base, refine, before, refine_before = _ARMS[scale]
    moves = seeds_cell([run.refinement_moves for run in records[refine].values()], 4)
    if scale == SHORT:
        sentences.append(
            words(
                "The stage begins as one that changes nothing; in the end it moves the alpha of a "
                "pixel of the unknown region by {moves} on average.",
                moves=moves,
            )
        )
    else:
        sentences += [
            words(
                "The stage begins with a random correction, the root of whose mean square is some "
                "0.1, since from zero it stays where it begins (docs/training_log.md): in the end "
                "it moves the alpha of a pixel of the unknown region by {moves} on average.",
                moves=moves,
            ),
            words(
                "Trained as in the paper: from the finished run without it, first the stage alone "
                "with the encoder-decoder frozen, then all; without refinement the same run is "
                "trained on for as many steps on the same examples with the same losses. So the "
                "encoder-decoder learns in twice as many of these steps where there is no stage."
            ),
        ]
    sentences += _of_the_stage_itself(words, scale, findings)
    crossed = crossed_table(
        words,
        records,
        [
            words("error on held-out composites"),
            words("composited after resizing"),
            words("composited before resizing"),
        ],
        [
            (words("without refinement"), [(base, JUDGED), (before, JUDGED)]),
            (words("with refinement"), [(refine, JUDGED), (refine_before, JUDGED)]),
        ],
    )
    return [words.sentences(*sentences), crossed, table]


def _of_the_stage_itself(words: Words, scale: Scale, findings: Sequence[Finding]) -> list[str]:
    """Whether it learned anything, and what it does to detail."""
    ones = [one for one in findings if one.scale == scale and one.by_seed]
    sentences = [
        words(
            "The stage itself changes its matte's error by {change}: it learned to do nothing, and "
            "what is left of the difference is what the encoder-decoder did not learn while it was "
            "frozen.",
            change=percent_cell(words, one),
        )
        for one in ones
        if one.claim.against_on == HELD_OUT_FIRST and one.claim.is_told and scale == LONG
        # NaN, of one seed, is not less.
        if max(-one.interval.low, one.interval.high) < _IDLE * one.reference
    ]
    sentences += [
        words(
            "{measure} with the stage, against that without it: {change} (not judged).",
            measure=one.claim.measure,
            change=percent_cell(words, one),
        )
        for one in ones
        if one.claim.measure != MEASURES[0]
    ]
    return sentences
