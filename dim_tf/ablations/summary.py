"""The report's beginning: what was found, all verdicts, how it is judged."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from dim_tf.ablations.arms import ARMS, LONG, SCALES, SHORT, Scale, planned_runs
from dim_tf.ablations.claims import (
    BLACK_BELOW,
    BLACK_SHARE,
    CUTOUTS,
    FITTED_BELOW,
    HELD_OUT,
    MOST_RUNS,
    NEARLY_ALL_RUNS,
    NO_EFFECT,
    VALIDATION,
    Claim,
    Row,
)
from dim_tf.ablations.judging import (
    UNDECIDED,
    VERDICTS,
    Finding,
    measure_claim,
    verdict_of_row,
)
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
from dim_tf.config import AblationConfig

Findings = Mapping[int, Sequence[Finding]]
COMMAND = "python -m dim_tf.commands.ablations"
_PERCENT = f"{100 * NO_EFFECT:g}"


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


def what_was_found(
    words: Words, findings: Findings, records: Records, config: AblationConfig
) -> str:
    """Prose for a reader of the blog: a line for each of its claims."""
    lines = [
        f"## {words('What was found')}",
        "",
        words.sentences(
            words(
                "The blog that this project follows says what matters in training the network, and "
                "what does not. Each of its claims was tried: a switch flipped, all else the same, "
                "several times with different random numbers (seeds), the same ones with and "
                "without the switch."
            ),
            words(
                "Measured is the mean absolute error of the matte over the unknown region, from 0 "
                "to 1, on composites whose mattes, colours and backgrounds no training saw."
            ),
            *(_scale(words, scale, records, config) for scale in SCALES),
        ),
        "",
    ]
    for row in ROWS:
        found = _found(words, row, findings[row.number])
        lines.append(words("* **{title}.** {found}", title=words(row.title), found=found))
    return "\n".join(lines)


def _scale(words: Words, scale: Scale, records: Records, config: AblationConfig) -> str:
    base = next(iter(records["base" if scale == SHORT else "long_base"].values()), None)
    if base is None:
        return words("At the {scale} scale nothing was run yet.", scale=words(scale))
    values = {name: base.settings.get(name, NOTHING) for name in ("width", "input_size")}
    seeds = max(len(records[name]) for name, arm in ARMS.items() if arm.scale == scale)
    text = {
        SHORT: "The short scale: {width} of the network's width, {input_size} pixels, {steps} "
        "steps from random weights, up to {seeds} seeds.",
        LONG: "The long scale: {width} of the width, {input_size} pixels, {steps} steps from "
        "VGG16's weights, normalized, at a learning rate that falls, up to {seeds} seeds.",
    }[scale]
    said = words(text, **values, steps=base.steps, seeds=seeds)
    planned = planned_runs(scale, config)
    missing = sum(seed not in records[name] for name, seed in planned)
    if not missing:
        return said
    interim = words(
        "{missing} of its {planned} runs are missing, and until they are there its verdicts are "
        "interim.",
        missing=missing,
        planned=len(planned),
    )
    return words.sentences(said, interim)


def _found(words: Words, row: Row, findings: Sequence[Finding]) -> str:
    """What the blog says, and what came of it; of each claim at the largest scale it was run at."""
    parts = [words(row.says)]
    verdicts = {scale: verdict_of_row(findings, scale) for scale in reversed(SCALES)}
    if not row.judged_together:
        verdicts = {}
    elif not any(verdicts.values()):
        parts.append(words("Not run yet."))
    for scale, verdict in verdicts.items():
        if verdict:
            parts.append(
                words(
                    "**{verdict}** at the {scale} scale; seeds: {seeds}.",
                    verdict=_at_the_beginning(words(verdict)),
                    scale=words(scale),
                    seeds=_seeds(findings, scale),
                )
            )
    told = [one for claim in row.claims for one in _to_be_told(claim, findings)]
    if len(row.claims) == 1 and told and sum(map(bool, verdicts.values())) == 1:
        return words.sentences(*parts, words("{found}.", found=_size(words, told[0])))
    for verdict in VERDICTS:
        for scale in SCALES:
            alike = [one for one in told if (one.verdict, one.scale) == (verdict, scale)]
            if alike:
                parts.append(_found_alike(words, verdict, scale, alike))
    return words.sentences(*parts)


def _seeds(findings: Sequence[Finding], scale: Scale) -> str:
    """How many seeds the claims were run with that decide a row."""
    counts = {
        len(one.by_seed)
        for one in findings
        if one.claim.counts and one.scale == scale and one.verdict in VERDICTS
    }
    return str(max(counts)) if len(counts) == 1 else f"{min(counts)}–{max(counts)}"


def _to_be_told(claim: Claim, findings: Sequence[Finding]) -> list[Finding]:
    """What was found at the largest scale; nothing of what does not count and is undecided."""
    run = [one for one in findings if one.claim is claim and one.verdict in VERDICTS]
    return run[-1:] if run and (claim.counts or run[-1].verdict != UNDECIDED) else []


def _found_alike(words: Words, verdict: str, scale: Scale, findings: Sequence[Finding]) -> str:
    """The claims of one verdict at one scale, in a sentence."""
    claims = words("; ").join(
        words(
            "{claim} ({found})",
            claim=words(finding.claim.text).rstrip(".。"),
            found=_size(words, finding),
        )
        for finding in findings
    )
    return words(
        "*{verdict}*, {scale} scale: {claims}.",
        verdict=_at_the_beginning(words(verdict)),
        scale=words(scale),
        claims=claims,
    )


def _size(words: Words, finding: Finding) -> str:
    """How large the change is, and what it would take where that is undecided."""
    size = percent_cell(words, finding)
    if size == NOTHING:
        size = finding_cell(words, finding)
    needed = finding.seeds_needed if finding.is_difference else None
    if finding.verdict != UNDECIDED or not needed:
        return size
    return words(
        "{size}, some {needed} seeds would show {percent} %",
        size=size,
        needed="–".join(dict.fromkeys(map(_roughly, needed))),
        percent=_PERCENT,
    )


def _roughly(count: int) -> str:
    """A number with one digit that counts."""
    return f"{float(f'{count:.1g}'):.0f}" if count >= 20 else str(count)


def _at_the_beginning(text: str) -> str:
    return text[:1].upper() + text[1:]


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
                    _on_cut_outs(words, finding, records),
                ]
            )
    titles = (
        *("row", "claim", "scale", "seeds", "change of the error [95 % interval]"),
        *("in percent", "effect size d", "smallest seen", "p, corrected", "verdict"),
        "on real cut-outs",
    )
    return f"## {words('Verdicts')}\n\n" + markdown_table([words(title) for title in titles], lines)


def _on_cut_outs(words: Words, finding: Finding, records: Records) -> str:
    """The same difference on composites of real cut-outs, which is not judged."""
    claim = finding.claim
    if claim.judged_on != HELD_OUT or claim.kinds or claim.against_on:
        return NOTHING
    other = measure_claim(claim._replace(judged_on=CUTOUTS), finding.scale, records)
    return percent_cell(words, other) if other.is_difference else finding_cell(words, other)


def rules(words: Words) -> str:
    """How a verdict comes about."""
    percent = {"percent": _PERCENT}
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
                    "missing, verdicts are interim."
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
                "than five runs.",
                black=BLACK_BELOW,
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
                held_out=words(SET_TITLES[HELD_OUT]),
                cut_outs=words(SET_TITLES[CUTOUTS]),
                validation=words(SET_TITLES[VALIDATION]),
            ),
        ]
    )
