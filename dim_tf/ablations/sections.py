"""The report's section on a row: its claims, errors, plots, and what is special to it."""

from collections.abc import Callable, Sequence

from dim_tf.ablations.arms import LONG, SCALES, SHORT, Scale
from dim_tf.ablations.claims import (
    CUTOUTS,
    CUTOUTS_JUDGED,
    HELD_OUT,
    HELD_OUT_DILATE,
    JUDGED,
    TRAINING,
    VALIDATION,
    Row,
)
from dim_tf.ablations.drift import CASES, CROP_SIDES, DRIFT_IMAGE, Case
from dim_tf.ablations.judging import Finding, verdict_of_row
from dim_tf.ablations.plots import draw_curves
from dim_tf.ablations.records import Records
from dim_tf.ablations.refinement import refinement_and_drift
from dim_tf.ablations.summary import COMMAND
from dim_tf.ablations.tables import (
    crossed_table,
    errors_table,
    finding_cell,
    kinds_table,
    markdown_table,
    percent_cell,
    training_table,
)
from dim_tf.ablations.words import Words
from dim_tf.synthetic import DEFAULT_KINDS

# Writes a picture by name, None where there is nothing to draw, and gives the line that shows it.
Show = Callable[[str, bytes | None, str], str]


def section_of(
    words: Words,
    row: Row,
    records: Records,
    findings: Sequence[Finding],
    drift: dict | None,
    show: Show,
) -> str:
    """The section on a row."""
    parts = [f"## {row.number}. {words(row.title)}", words(row.says)]
    if row.judged_together:
        for scale in SCALES:
            verdict = verdict_of_row(findings, scale)
            if row.arms_at(scale) and (verdict or scale == SHORT):
                parts.append(
                    words(
                        "Verdict at the {scale} scale: **{verdict}**.",
                        scale=words(scale),
                        verdict=words(verdict or "not run yet"),
                    )
                )
    lines = [
        [
            words(one.claim.text),
            words(one.scale),
            finding_cell(words, one),
            percent_cell(words, one),
            words(one.verdict),
        ]
        for one in findings
    ]
    titles = ("claim", "scale", "change of the error [95 % interval]", "in percent", "verdict")
    parts.append(markdown_table([words(title) for title in titles], lines))
    for scale in SCALES:
        # Rows share arms: one of them alone has nothing to be compared with.
        if scale == SHORT or sum(bool(records[name]) for name in row.arms_at(scale)) > 1:
            parts += _at_scale(words, row, scale, records, findings, show)
    if row.number == 5:
        parts += _drift(words, drift)
    return "\n\n".join(filter(None, parts))


def _at_scale(
    words: Words,
    row: Row,
    scale: Scale,
    records: Records,
    findings: Sequence[Finding],
    show: Show,
) -> list[str | None]:
    parts: list[str | None] = []
    if row.long:
        parts.append(f"### {words('At the {scale} scale', scale=words(scale))}")
    if row.number == 9:
        parts += refinement_and_drift(words, records, scale, findings)
    if row.number == 6:
        parts.append(_trimaps(words, records))
    sets = [JUDGED, *(claim.judged_on for claim in row.claims)]
    sets += [claim.against_on for claim in row.claims if claim.against_on]
    for judged_on in dict.fromkeys([*sets, HELD_OUT, CUTOUTS_JUDGED, CUTOUTS, VALIDATION]):
        if judged_on != TRAINING:
            parts.append(errors_table(words, row, scale, records, judged_on))
    if row.number == 1:
        parts.append(kinds_table(words, row, scale, records))
    parts.append(training_table(words, row, scale, records))
    name = f"row_{row.number:02d}{'_long' if scale == LONG else ''}.png"
    title = words("{title}: error over the steps", title=words(row.title))
    arms = [arm for arm in row.arms_at(scale) if records[arm]]
    parts.append(show(name, draw_curves(arms, records), title))
    return parts


def _trimaps(words: Words, records: Records) -> str:
    """The 2×2 table of row 6."""
    sets = (HELD_OUT, HELD_OUT_DILATE)
    return crossed_table(
        words,
        records,
        [
            words("error on held-out composites, the last step"),
            words("trimaps by dilation and erosion"),
            words("by dilation only"),
        ],
        [
            (words("trained with dilation and erosion"), [("base", one) for one in sets]),
            (words("trained with dilation only"), [("dilate_only", one) for one in sets]),
        ],
    )


def _drift(words: Words, drift: dict | None) -> list[str]:
    title = f"### {words('The drift itself')}"
    if drift is None:
        text = "The size of the drift was not measured yet (`{command} drift`)."
        return [title, words(text, command=COMMAND)]
    means = {
        case.name: sum(drift["grey levels"][case.name][kind][0] for kind in DEFAULT_KINDS)
        / len(DEFAULT_KINDS)
        for case in CASES
    }
    large = Case(CROP_SIDES[0])
    return [
        title,
        words(
            "How far the photo composited before resizing to 320 lies from what alpha, foreground "
            "and background of the example say, in grey levels, over the colours of unknown "
            "pixels, {mattes} mattes of each kind, crops of 640 and 480. A crop of 320 is not "
            "resized and does not drift. The runs above shrink by the same factors, to 192 pixels; "
            "a third of their crops is not resized.",
            mattes=drift["mattes"],
        ),
        _drift_table(words, drift, [Case(side) for side in CROP_SIDES], largest=True),
        words(
            "A lossy file in between, of which the blog warns, drifts more: the composited photo "
            "kept as JPEG of quality 95 or 75 and then read and shrunk. Over all kinds the mean is "
            "{without:.2f} grey levels without, {fine:.2f} with quality 95 and {coarse:.2f} with "
            "75 for 640 → 320; shrinking averages part of it away, so that without shrinking, at "
            "320, it is {whole:.2f} and {worst:.2f}. Foregrounds and backgrounds that are lossy "
            "before compositing do not drift, since the photo is made of what was read.",
            without=means[large.name],
            fine=means[Case(large.crop_side, 95).name],
            coarse=means[Case(large.crop_side, 75).name],
            whole=means[Case(320, 95).name],
            worst=means[Case(320, 75).name],
        ),
        _drift_table(words, drift, [case for case in CASES if case.jpeg_quality], largest=False),
        f"![{words('part of an example composited in both orders, and the differences')}]"
        f"({DRIFT_IMAGE})",
    ]


def _drift_table(words: Words, drift: dict, cases: Sequence[Case], *, largest: bool) -> str:
    """The drift by kind of matte and case, grey levels."""
    count = 3 if largest else 2
    lines = [
        [
            words(kind),
            *(
                f"{value:.2f}"
                for case in cases
                for value in drift["grey levels"][case.name][kind][:count]
            ),
        ]
        for kind in DEFAULT_KINDS
    ]
    titles = [
        f"{case.name.replace('jpeg', 'JPEG')}: {words(name)}"
        for case in cases
        for name in ("mean", "99th percentile", "largest")[:count]
    ]
    return markdown_table([words("kind of matte"), *titles], lines)
