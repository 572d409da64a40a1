"""The report's prose for a reader of the blog: what was found of each of its claims."""

from collections.abc import Mapping, Sequence

from dim_tf.ablations.arms import ARMS, LONG, SCALES, SHORT, Scale, planned_runs
from dim_tf.ablations.claims import CUTOUTS_JUDGED, JUDGED, PERCENT, Claim, Row
from dim_tf.ablations.judging import (
    ENOUGH_SEEDS,
    REPORTED,
    UNDECIDED,
    VERDICTS,
    Finding,
    measured_on,
    verdict_of_row,
)
from dim_tf.ablations.records import Records, values_by_seed
from dim_tf.ablations.rows import ROWS
from dim_tf.ablations.statistics import interval_of
from dim_tf.ablations.tables import (
    NOTHING,
    chance_cell,
    finding_cell,
    percent_cell,
    share_cell,
)
from dim_tf.ablations.words import Words
from dim_tf.config import AblationConfig

Findings = Mapping[int, Sequence[Finding]]


def count_runs(scale: Scale, records: Records, config: AblationConfig) -> tuple[int, int, int]:
    """How many runs of a scale are planned, are missing, and are there but cannot be judged."""
    planned = planned_runs([arm for arm in ARMS.values() if arm.scale == scale], config)
    there = [records[arm.name][seed] for arm, seed in planned if seed in records[arm.name]]
    claims = [claim for row in ROWS for claim in row.claims if claim.judged_on == JUDGED]
    judged = {name for claim in claims for name in claim.arms_at(scale)}
    unjudged = sum(not record.can_be_judged for record in there if record.arm in judged)
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
                "what does not. Each of its claims was tried: a switch flipped, or the two that a "
                "claim is about, all else the same, several times with different random numbers "
                "(seeds), the same ones with and without the switch."
            ),
            words(
                "Measured is the mean absolute error of the matte over the unknown region, from 0 "
                "to 1, on composites whose mattes, colours and backgrounds no training saw, by the "
                "network's weights averaged over the last third of a run."
            ),
            words(
                "A number with a sign is by how many percent the switch changes that error, plus "
                "is worse; in brackets stands where the change lies with a certainty of 95 %."
            ),
            *(_scale(words, scale, records, config) for scale in SCALES),
        ),
        "",
    ]
    for row in ROWS:
        found = _found(words, row, findings[row.number], records)
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
        SHORT: "The base of the short scale: {width} of the network's width, {input_size} pixels, "
        "{steps} steps from random weights, with up to {seeds} seeds.",
        LONG: "The base of the long scale: {width} of the width, {input_size} pixels, {steps} "
        "steps from VGG16's weights, normalized, at a learning rate that falls, with up to "
        "{seeds} seeds.",
    }[scale]
    said = words(text, **values, steps=base.steps, seeds=seeds)
    planned, missing, unjudged = count_runs(scale, records, config)
    lacking = {
        "{count} of its {planned} runs are missing, and until then its verdicts are interim.": (
            missing
        ),
        "{count} of its {planned} runs were made before batch norm's statistics were measured anew "
        "and are not judged, and until they are repeated its verdicts are interim.": unjudged,
    }
    interim = [
        words(text, count=count, planned=planned) for text, count in lacking.items() if count
    ]
    return words.sentences(said, *interim)


def _found(words: Words, row: Row, findings: Sequence[Finding], records: Records) -> str:
    """What the blog says, and what came of it; of each claim at the scales of `_to_be_told`."""
    parts = [words(row.says)]
    verdicts = {scale: verdict_of_row(findings, scale) for scale in reversed(SCALES)}
    if not row.judged_together:
        verdicts = {}
    elif not any(verdicts.values()):
        parts.append(words("Not run yet."))
    whole = sum(claim.decides_row for claim in row.claims)
    for scale, verdict in verdicts.items():
        if verdict:
            run = sum(one.scale == scale and one.claim.decides_row for one in findings)
            values = {
                "verdict": _at_the_beginning(words(verdict)),
                "scale": words(scale),
                "seeds": _seeds(findings, scale),
            }
            if run < whole:
                said = words(
                    "**{verdict}** at the {scale} scale, with {run} of {whole} claims run; "
                    "seeds: {seeds}.",
                    run=run,
                    whole=whole,
                    **values,
                )
            else:
                said = words("**{verdict}** at the {scale} scale; seeds: {seeds}.", **values)
            parts.append(said)
    told = [one for claim in row.claims for one in _to_be_told(claim, findings)]
    if len(row.claims) == 1 and told and sum(map(bool, verdicts.values())) == 1:
        return words.sentences(*parts, words("{found}.", found=_size(words, told[0], records)))
    for verdict in (*VERDICTS, REPORTED):
        for scale in SCALES:
            alike = [one for one in told if (one.verdict, one.scale) == (verdict, scale)]
            if alike:
                parts.append(_found_alike(words, verdict, scale, alike, records))
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
    """What was found at the largest scale that decides, at larger ones, and at those that differ.

    Scales with too few seeds to say something are left out where there are others, and what does
    not count where it is undecided. Of what is only measured but told, all scales with enough.
    """
    ran = [one for one in findings if one.claim is claim and one.by_seed]
    enough = [one for one in ran if len(one.by_seed) >= ENOUGH_SEEDS]
    if claim.rule == "reported":
        return enough if claim.is_told else []
    run = enough or ran
    decided = [place for place, one in enumerate(run) if one.verdict != UNDECIDED]
    first = decided[-1] if decided else len(run) - 1
    differ = [run[place] for place in decided if run[place].verdict != run[first].verdict]
    told = [*differ, *run[first:]]
    return [one for one in told if claim.counts or one.verdict != UNDECIDED]


def _found_alike(
    words: Words, verdict: str, scale: Scale, findings: Sequence[Finding], records: Records
) -> str:
    """The claims of one verdict at one scale, in a sentence."""
    claims = words("; ").join(
        words(
            "{claim} ({found})",
            claim=words(finding.claim.text).rstrip(".。"),
            found=_size(words, finding, records),
        )
        for finding in findings
    )
    return words(
        "*{verdict}*, {scale} scale: {claims}.",
        verdict=_at_the_beginning(words(verdict)),
        scale=words(scale),
        claims=claims,
    )


def _size(words: Words, finding: Finding, records: Records) -> str:
    """How large the change is; where that is undecided what it would take, and what else is known.

    That is one seed that alone makes the spread, and real cut-outs that say more.
    """
    size = percent_cell(words, finding)
    if size == NOTHING:
        size = finding_cell(words, finding)
    if finding.is_narrow:
        size = words(
            "{size}, by a hair: p {chance}", size=size, chance=chance_cell(finding.corrected)
        )
    if finding.verdict == REPORTED or not finding.is_difference:
        return size
    outlier = finding.outlier
    if outlier is not None:
        others = [value for seed, value in finding.by_seed.items() if seed != outlier]
        size = words(
            "{size}, of which seed {seed} alone is {alone:+.1f} %, the others {others}",
            size=size,
            seed=outlier,
            alone=100 * finding.by_seed[outlier] / finding.reference,
            others=share_cell(words, interval_of(others), finding.reference),
        )
    if finding.verdict != UNDECIDED:
        return size
    if outlier is None:
        size = _what_it_takes(words, finding, size)
    other = None if finding.claim.kinds else measured_on(finding, CUTOUTS_JUDGED, records)
    if (
        other
        and len(other.by_seed) >= ENOUGH_SEEDS
        and not other.interval.low <= 0 <= other.interval.high
    ):
        size = words(
            "{size}; on real cut-outs {change}, not judged",
            size=size,
            change=percent_cell(words, other),
        )
    return size


def _what_it_takes(words: Words, finding: Finding, size: str) -> str:
    """Adds how many seeds would decide."""
    needed, for_seen = finding.seeds_needed, finding.seeds_needed_for_seen
    if needed:
        size = words(
            "{size}, some {needed} seeds would show {percent} %",
            size=size,
            needed=_from_to(needed),
            percent=PERCENT,
        )
    if for_seen:
        size = words(
            "{size}, some {needed} seeds a change as large as seen",
            size=size,
            needed=_from_to(for_seen),
        )
    return size


def _from_to(counts: tuple[int, int]) -> str:
    """At least and at most; of large numbers one digit counts."""
    rough = (f"{float(f'{count:.1g}'):.0f}" if count >= 20 else str(count) for count in counts)
    return "–".join(dict.fromkeys(rough))


def _at_the_beginning(text: str) -> str:
    return text[:1].upper() + text[1:]
