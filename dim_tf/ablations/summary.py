"""The report's beginning around its prose: title, all verdicts, how it is judged."""

from pathlib import Path

import numpy as np

from dim_tf.ablations.arms import ARMS, LONG, SHORT
from dim_tf.ablations.claims import (
    BLACK_BELOW,
    BLACK_SHARE,
    CUTOUTS,
    CUTOUTS_AVERAGED,
    FITTED_BELOW,
    HELD_OUT,
    HELD_OUT_AVERAGED,
    MOST_RUNS,
    NEARLY_ALL_RUNS,
    SAME_BELOW,
    VALIDATION,
)
from dim_tf.ablations.judging import ENOUGH_SEEDS, Finding, measured_on
from dim_tf.ablations.prose import PERCENT, Findings
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

COMMAND = "python -m dim_tf.commands.ablations"


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
                    else _otherwise(words, finding, records, CUTOUTS_AVERAGED),
                ]
            )
    titles = (
        *("row", "claim", "scale", "seeds", "change of the error [95 % interval]"),
        *("in percent", "effect size d", "smallest seen", "p, corrected", "verdict"),
        *("by the last step", "on real cut-outs"),
    )
    return f"## {words('Verdicts')}\n\n" + markdown_table([words(title) for title in titles], lines)


def _otherwise(words: Words, finding: Finding, records: Records, judged_on: str) -> str:
    """The same difference measured on another set, which is not judged."""
    other = measured_on(finding, judged_on, records)
    if other is None:
        return NOTHING
    return percent_cell(words, other) if other.is_difference else finding_cell(words, other)


def _jumps(words: Words, records: Records) -> str:
    """How far the last step's error is from that of averaged weights, in runs that have both.

    At the long scale the learning rate falls to nearly nothing: nothing jumps there.
    """
    ratios = [
        run.value(HELD_OUT) / run.value(HELD_OUT_AVERAGED) - 1
        for name, by_seed in records.items()
        for run in by_seed.values()
        if ARMS[name].scale == SHORT and run.value(HELD_OUT_AVERAGED)
    ]
    if not ratios:
        return ""
    return words(
        "Claims are judged by averaged weights: every variable's mean over ten checkpoints of the "
        "last third of the steps. At a constant learning rate the last step alone is a noisy "
        "measure: in {count} runs its error was between {low:+.0f} % and {high:+.0f} % away from "
        "that of the averaged weights, on average {mean:+.0f} %. What it says stands in a column "
        "of its own; older runs have nothing else. Batch norm's moving statistics are averaged as "
        "well, and where they do not fit the averaged weights a run measures worse than it is.",
        count=len(ratios),
        low=100 * min(ratios),
        high=100 * max(ratios),
        mean=100 * float(np.mean(ratios)),
    )


def rules(words: Words, records: Records) -> str:
    """How a verdict comes about."""
    percent = {"percent": PERCENT}
    return "\n".join(
        [
            f"## {words('How it is judged')}",
            "",
            words.sentences(
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
                    "the scale, run or not yet, that count for a row, or of those that do not. At "
                    "most 0.05 decides, so that in 19 of 20 such series of a scale no verdict on "
                    "what counts is a chance. That holds for the series as a whole: while runs are "
                    "missing, verdicts are interim. Fewer than {enough} seeds decide nothing.",
                    enough=ENOUGH_SEEDS,
                ),
                words(
                    "On another kind of processor the same seed ends elsewhere, so that a pair of "
                    "runs from two of them shares less than one from the same. That averaged "
                    "weights judge was settled when runs by the last step were there already; what "
                    "those say stands beside it."
                ),
                words(
                    "The smallest change seen is the one that as many seeds, which differ as much, "
                    "show in 4 of 5 series, at the level that a claim which is still undecided had "
                    "to reach."
                ),
            ),
            "",
            words(
                "* A is worse, or better, than B: *held* if it is so at all; *held, by less than "
                "5 %* if it is also certain that the change is smaller than {percent} % of the "
                "reference's error; *did not hold* if it is certain that the change is smaller "
                "than {percent} %, or lies on the other side. Undecided is what leaves both "
                "possible: no change, and one of {percent} %.",
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
            words(
                "* All black: a prediction is black if its mean over the unknown region is below "
                "{black:g}, a run if more than {share:g} % of its held-out predictions are. *Held* "
                "if it is certain that more than {most:g} % of runs are, *did not hold* if that "
                "fewer than {nearly:g} % are, by the exact binomial test; the former takes more "
                "than five runs, so that five, as many as the long scale has, can deny it or leave "
                "it open. Beside it stands in how many runs the prediction is the same for every "
                "picture, black or not: the means over the unknown region deviate by less than "
                "{same:g} over the pictures. Such a run learned nothing.",
                black=BLACK_BELOW,
                same=SAME_BELOW,
                share=100 * BLACK_SHARE,
                most=100 * MOST_RUNS,
                nearly=100 * NEARLY_ALL_RUNS,
            ),
            words(
                "* One sample is fitted: *held* if the error on it lies below {fitted:g}, *did not "
                "hold* if above; undecided also where unpooling did not fit its sample.",
                fitted=FITTED_BELOW,
            ),
            words(
                "* A row with several claims is *held* if all are that the scale has, *did not "
                "hold* if one is not; of batch norm only the claim about the original's start "
                "counts, since that is the one of the blog. That start's random kernels are as "
                "large as a narrower network needs for activations to grow from layer to layer as "
                "in the original."
            ),
            "",
            words(
                "Three sets are measured in every run: {held_out} (procedural mattes; they "
                "judge), {cut_outs} (hair, animals, plants and objects that were photographed) "
                "and {validation}. SAD, MSE and Grad stand beside the error.",
                held_out=words("held-out composites"),
                cut_outs=words(SET_TITLES[CUTOUTS]),
                validation=words(SET_TITLES[VALIDATION]),
            ),
            *(["", jumps] if (jumps := _jumps(words, records)) else []),
        ]
    )
