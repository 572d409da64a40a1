"""The report's prose for a reader of the blog: what was found of each of its claims."""

from collections.abc import Mapping, Sequence

from dim_tf.ablations.arms import ARMS, LONG, SCALES, SHORT, Scale, planned_runs
from dim_tf.ablations.claims import JUDGED, NO_EFFECT, Claim, Row
from dim_tf.ablations.judging import UNDECIDED, VERDICTS, Finding, values_by_seed, verdict_of_row
from dim_tf.ablations.records import Records
from dim_tf.ablations.rows import ROWS
from dim_tf.ablations.tables import NOTHING, finding_cell, percent_cell
from dim_tf.ablations.words import Words
from dim_tf.config import AblationConfig

Findings = Mapping[int, Sequence[Finding]]
# A scale that was run with fewer does not take the place of a smaller one in the prose: an interval
# of two seeds is a dozen deviations wide.
_ENOUGH_SEEDS = 3
PERCENT = f"{100 * NO_EFFECT:g}"


def count_runs(scale: Scale, records: Records, config: AblationConfig) -> tuple[int, int, int]:
    """How many runs of a scale are planned, are missing, and are there but cannot be judged."""
    planned = planned_runs([arm for arm in ARMS.values() if arm.scale == scale], config)
    there = [records[arm.name][seed] for arm, seed in planned if seed in records[arm.name]]
    unjudged = sum(not record.can_be_judged for record in there)
    return len(planned), len(planned) - len(there), unjudged


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
                "to 1, on composites whose mattes, colours and backgrounds no training saw, by the "
                "network's weights averaged over the last third of a run."
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
    seeds = max(
        len(values_by_seed(records, name, JUDGED))
        for name, arm in ARMS.items()
        if arm.scale == scale
    )
    text = {
        SHORT: "The short scale: {width} of the network's width, {input_size} pixels, {steps} "
        "steps from random weights, up to {seeds} seeds.",
        LONG: "The long scale: {width} of the width, {input_size} pixels, {steps} steps from "
        "VGG16's weights, normalized, at a learning rate that falls, up to {seeds} seeds.",
    }[scale]
    said = words(text, **values, steps=base.steps, seeds=seeds)
    planned, missing, unjudged = count_runs(scale, records, config)
    if not missing + unjudged:
        return said
    interim = words(
        "{missing} of its {planned} runs are missing, and until they are there its verdicts are "
        "interim.",
        missing=missing + unjudged,
        planned=planned,
    )
    return words.sentences(said, interim)


def _found(words: Words, row: Row, findings: Sequence[Finding]) -> str:
    """What the blog says, and what came of it; of each claim at the scales of `_to_be_told`."""
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
        if one.scale == scale and one.claim.decides_row and one.verdict in VERDICTS
    }
    return str(max(counts)) if len(counts) == 1 else f"{min(counts)}–{max(counts)}"


def _to_be_told(claim: Claim, findings: Sequence[Finding]) -> list[Finding]:
    """What was found at the largest scale that decides, and at larger ones, which then do not.

    Scales with too few seeds to say something are left out where there are others, and what does
    not count where it is undecided.
    """
    run = [one for one in findings if one.claim is claim and one.verdict in VERDICTS]
    run = [one for one in run if len(one.by_seed) >= _ENOUGH_SEEDS] or run
    decided = [place for place, one in enumerate(run) if one.verdict != UNDECIDED]
    told = run[decided[-1] if decided else -1 :]
    return [one for one in told if claim.counts or one.verdict != UNDECIDED]


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
        percent=PERCENT,
    )


def _roughly(count: int) -> str:
    """A number with one digit that counts."""
    return f"{float(f'{count:.1g}'):.0f}" if count >= 20 else str(count)


def _at_the_beginning(text: str) -> str:
    return text[:1].upper() + text[1:]
