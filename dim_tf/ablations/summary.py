"""The report's beginning around its prose: title, all verdicts, how it is judged."""

from pathlib import Path

import numpy as np

from dim_tf.ablations.arms import ARMS, LONG, SCALES, SHORT
from dim_tf.ablations.claims import (
    BLACK_BELOW,
    BLACK_SHARE,
    CUTOUTS,
    CUTOUTS_JUDGED,
    FITTED_BELOW,
    HELD_OUT,
    JUDGED,
    MOST_RUNS,
    NEARLY_ALL_RUNS,
    NEARLY_BLACK_BELOW,
    PERCENT,
    SAME_BELOW,
    VALIDATION,
)
from dim_tf.ablations.judging import ENOUGH_SEEDS, LEVEL, NARROW_FROM, Finding, measured_on
from dim_tf.ablations.prose import Findings
from dim_tf.ablations.records import Records
from dim_tf.ablations.rows import ROWS
from dim_tf.ablations.tables import (
    NOTHING,
    SET_TITLES,
    chance_cell,
    effect_cell,
    finding_cell,
    markdown_table,
    percent_cell,
    smallest_cell,
)
from dim_tf.ablations.words import Words

COMMAND = "dim-tf ablations"


def head(words: Words, records_dir: Path) -> str:
    """Title, the other language, and where the page comes from."""
    other = f"{records_dir.name}{'.zh' if words.language == 'English' else ''}.md"
    switch = f"[中文]({other})" if words.language == "English" else f"[English]({other})"
    made = words(
        "Made by `{command} report` from the records in `{records}`; nothing here is typed by "
        "hand, and what is changed by hand is lost.",
        command=COMMAND,
        records=f"{records_dir.name}/records",
    )
    return "\n\n".join(["# " + words("The blog's ablations"), switch, made])


def verdicts(words: Words, findings: Findings, records: Records) -> str:
    """All claims at all scales in one table."""
    lines = []
    for row in ROWS:
        for finding in findings[row.number]:
            if finding.scale == LONG and finding.claim.short and not finding.by_seed:
                continue  # of use is only that it was run
            lines.append(
                [
                    str(row.number),
                    words(finding.claim.text),
                    words(finding.scale),
                    str(len(finding.by_seed)),
                    finding_cell(words, finding),
                    percent_cell(words, finding),
                    effect_cell(finding),
                    smallest_cell(finding) if finding.claim.rule != "reported" else NOTHING,
                    chance_cell(finding.corrected),
                    words(finding.verdict),
                    _otherwise(words, finding, records, HELD_OUT),
                    NOTHING
                    if finding.claim.kinds
                    else _otherwise(words, finding, records, CUTOUTS_JUDGED),
                    NOTHING
                    if finding.claim.kinds
                    else _otherwise(words, finding, records, VALIDATION),
                ]
            )
    titles = (
        *("row", "claim", "scale", "seeds", "change of the error [95 % interval]"),
        *("in percent", "effect size d", "smallest seen", "p, corrected", "verdict"),
        *("by the last step", "on real cut-outs", "on photographs, the last step"),
    )
    return f"## {words('Verdicts')}\n\n" + markdown_table([words(title) for title in titles], lines)


def _otherwise(words: Words, finding: Finding, records: Records, judged_on: str) -> str:
    """The same difference measured on another set, which is not judged."""
    other = measured_on(finding, judged_on, records)
    if other is None:
        return NOTHING
    return percent_cell(words, other) if other.is_difference else finding_cell(words, other)


def _jumps(words: Words, records: Records) -> str:
    """By which weights is judged, and how far the last step's error is from theirs.

    At the long scale the learning rate falls to nearly nothing: nothing jumps there.
    """
    ratios = [
        run.value(HELD_OUT) / run.value(JUDGED) - 1
        for name, by_seed in records.items()
        for run in by_seed.values()
        if ARMS[name].scale == SHORT and run.value(JUDGED)
    ]
    if not ratios:
        return ""
    quarter, median, three_quarters = np.quantile(ratios, (0.25, 0.5, 0.75))
    return words.sentences(
        words(
            "Claims are judged by averaged weights: every variable's mean over ten checkpoints of "
            "the last third of the steps. What is about training examples, about batch norm's own "
            "statistics, trimaps by dilation only or the refinement stage's own matte is judged by "
            "the last step. At a constant learning rate that is a noisy measure: in {count} runs "
            "its error was {median:+.0f} % away from that of the averaged weights in the median, "
            "{quarter:+.0f} % to {three_quarters:+.0f} % in half of them, {low:+.0f} % to "
            "{high:+.0f} % in all. What it says stands in a column of its own.",
            count=len(ratios),
            median=100 * median,
            quarter=100 * quarter,
            three_quarters=100 * three_quarters,
            low=100 * min(ratios),
            high=100 * max(ratios),
        ),
        words(
            "Batch norm's statistics are measured anew for them on training examples: the mean of "
            "its moving averages does not fit them in a few runs, which then measure worse than "
            "they are (docs/training_log.md). Where batch norm is frozen there is nothing to "
            "measure anew."
        ),
    )


def _nearly_black(words: Words, records: Records) -> str:
    """What would be black if a little more than black were."""
    claims = (claim for row in ROWS for claim in row.claims)
    claim = next(claim for claim in claims if claim.rule == "all black" and claim.counts)
    counts = {
        scale: [
            run.black_share(claim.judged_on, NEARLY_BLACK_BELOW) > BLACK_SHARE
            for run in records[claim.arms_at(scale)[0]].values()
            if run.errors_on(claim.judged_on)
        ]
        for scale in SCALES
    }
    return words(
        "Were it {nearly:g}, then of the runs without batch norm from the original's start {short} "
        "of {short_runs} short ones would be black, and {long} of {long_runs} long ones.",
        nearly=NEARLY_BLACK_BELOW,
        short=sum(counts[SHORT]),
        short_runs=len(counts[SHORT]),
        long=sum(counts[LONG]),
        long_runs=len(counts[LONG]),
    )


def rules(words: Words, records: Records) -> str:
    """How a verdict comes about."""
    sets = words(
        "Three sets are measured in nearly every run: {held_out} (procedural mattes; they "
        "judge), {cut_outs} (hair, animals, plants and objects that were photographed) "
        "and, by the weights of the last step alone, {validation}. SAD, MSE and Grad stand "
        "beside the error.",
        held_out=words("held-out composites"),
        cut_outs=words(SET_TITLES[CUTOUTS]),
        validation=words(SET_TITLES[VALIDATION]),
    )
    parts = [
        f"## {words('How it is judged')}",
        _method(words),
        "\n".join(_by_rule(words, records)),
        sets,
        _jumps(words, records),
    ]
    return "\n\n".join(filter(None, parts))


def _method(words: Words) -> str:
    """Differences, intervals, tests and their correction."""
    return words.sentences(
        words(
            "The difference arm − reference is taken seed by seed, as both began with the "
            "same random numbers and saw the same examples wherever the switch leaves "
            "them. Its 95 % interval over the seeds is that of Student's t: other seeds "
            "are in it, other pictures are not. The effect size d is its mean in standard "
            "deviations over seeds."
        ),
        words(
            "Each claim and its denial have a p-value, that of a one-sided t test; the "
            "smaller of the two, doubled, is corrected by Holm for the number of claims of "
            "the scale, run or not yet, that count, or of those that do not. At most {level:g} "
            "decides, so that in 19 of 20 such series of a scale no verdict on what counts is "
            "due to chance. That holds for the series as a whole: while runs are missing, "
            "verdicts are interim. What is decided by a hair, at {hair:g} or more, is told so. "
            "Intervals are each for itself: one can leave out 0 where the verdict, which is "
            "stricter, is undecided. Fewer than {enough} seeds decide nothing. Percents are of "
            "the reference's mean error, as if that were known exactly.",
            level=round(LEVEL, 6),
            hair=round(NARROW_FROM, 6),
            enough=ENOUGH_SEEDS,
        ),
        words(
            "On another kind of processor the same seed ends elsewhere, so that a pair of "
            "runs from two of them shares less than one from the same. That averaged "
            "weights judge was settled when runs by the last step were there already, and that "
            "batch norm's statistics are measured anew for them, when some by averaged weights "
            "were; what the last step says stands beside it. Which other rules are younger than "
            "the first results, and which verdicts would be others by the last step, is told in "
            "docs/training_log.md."
        ),
        words(
            "The smallest change seen is the one that as many seeds, which differ as much, "
            "show in 4 of 5 series, at the level that a claim which is still undecided had "
            "to reach."
        ),
    )


def _by_rule(words: Words, records: Records) -> list[str]:
    """What holds and what does not, for each rule of `claims.Rule`, and for a row."""
    percent = {"percent": PERCENT}
    return [
        words(
            "* A is worse, or better, than B: *held* if it is certain that it is, be it by "
            "little; *held, by less than {percent} %* if it is also certain that the change is "
            "smaller than {percent} % of the reference's error; *did not hold* if it is "
            "certain that the change is smaller than {percent} %, or lies on the other side. "
            "Undecided is what leaves both possible: no change, and one of {percent} %. Where "
            "two kinds of matte are compared, percents are of the first one's error.",
            **percent,
        ),
        words(
            "* No effect: *held* if the change lies within ±{percent} %, *did not hold* if it "
            "lies outside.",
            **percent,
        ),
        words(
            "* Not needed: *held* if it lowers the error by at most {percent} %, *did not "
            "hold* if by more.",
            **percent,
        ),
        words.sentences(
            words(
                "* All black: a prediction is black if its mean over the unknown region is below "
                "{black:g}, a run if more than {share:g} % of its held-out predictions are. *Held* "
                "if it is certain that more than {most:g} % of runs are, *did not hold* if that "
                "fewer than {nearly:g} % are, by the exact binomial test; the former takes nine or "
                "ten runs, all of them black, so that five, as many as the long scale has, can "
                "deny it or leave it open. Beside it stands in how many runs the prediction has "
                "the same mean for every picture, black or not: the means over the unknown region "
                "deviate by less than {same:g} over the pictures. Such a run learned nothing, be "
                "it one grey or the same share of black and white pixels everywhere.",
                black=BLACK_BELOW,
                same=SAME_BELOW,
                share=100 * BLACK_SHARE,
                most=100 * MOST_RUNS,
                nearly=100 * NEARLY_ALL_RUNS,
            ),
            _nearly_black(words, records),
        ),
        words(
            "* One sample is fitted: *held* if the error on it lies below {fitted:g}, *did not "
            "hold* if above; undecided also where unpooling did not fit its sample.",
            fitted=FITTED_BELOW,
        ),
        words.sentences(
            words(
                "* A row with several claims is *held* if all are that the scale has, *did not "
                "hold* if one is not; of batch norm only the claim about the original's start "
                "counts, since that is the one of the blog. That start's random kernels are as "
                "large as a narrower network needs for activations to grow from layer to layer as "
                "in the original."
            ),
            words(
                "These claims do not count for their rows: {claims}",
                claims=words.sentences(
                    *(
                        words(claim.text)
                        for row in ROWS
                        for claim in row.claims
                        if not claim.counts and claim.rule != "reported"
                    )
                ),
            ),
        ),
    ]
