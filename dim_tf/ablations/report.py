"""The report: docs/ablations.md, a CSV and plots, from the records and nothing else."""

import importlib.util
from pathlib import Path

from dim_tf.ablations.arms import ARMS
from dim_tf.ablations.claims import (
    BLACK_BELOW,
    BLACK_SHARE,
    FITTED_BELOW,
    HELD_OUT,
    HELD_OUT_DILATE,
    NO_EFFECT,
    ROWS,
    TRAINING,
    VALIDATION,
    Row,
)
from dim_tf.ablations.drift import DRIFT_IMAGE, read_drift
from dim_tf.ablations.judging import (
    DID_NOT_HOLD,
    HELD,
    UNDECIDED,
    Finding,
    judge,
    refinement_and_drift,
    verdict_together,
)
from dim_tf.ablations.plots import draw_curves, draw_differences
from dim_tf.ablations.records import Records, read_records
from dim_tf.ablations.tables import (
    crossed_table,
    drift_table,
    errors_table,
    finding_cell,
    interval_cell,
    kinds_table,
    markdown_table,
    results_csv,
    training_table,
)
from dim_tf.config import AblationConfig
from dim_tf.system.errors import InputError
from dim_tf.system.files import write_bytes

CSV_NAME = "results.csv"
DIFFERENCES_NAME = "differences.png"
_COMMAND = "python -m dim_tf.commands.ablations"


def write_report(config: AblationConfig) -> str:
    """Writes the report, `results.csv` and the plots; what was not run yet is said.

    Args:
        config: `records_dir` is what counts.

    Returns:
        A sentence that says what was written.

    Raises:
        InputError: matplotlib is missing, a record cannot be used, or a file cannot be written.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise InputError(
            "report needs matplotlib for its plots; install it with pip install matplotlib."
        )
    records_dir = Path(config.records_dir)
    records = read_records(records_dir)
    drift = read_drift(records_dir)
    findings = {row.number: [judge(claim, records) for claim in row.claims] for row in ROWS}
    sections = [
        _head(records_dir, records),
        _summary(findings),
        _differences(records_dir, findings),
        _rules(),
        *(_row(row, records, findings[row.number], drift, records_dir) for row in ROWS),
        _repeat(records),
    ]
    report = records_dir.parent / f"{records_dir.name}.md"
    write_bytes(records_dir / CSV_NAME, results_csv(records).encode())
    write_bytes(report, ("\n\n".join(filter(None, sections)) + "\n").encode())
    runs = sum(map(len, records.values()))
    return f"{report}: {runs} runs of {sum(map(bool, records.values()))} of {len(ARMS)} arms."


def _head(records_dir: Path, records: Records) -> str:
    return "\n\n".join(
        [
            "# The blog's ablations",
            f"Made by `{_COMMAND} report` from the records in `{records_dir.name}/records`; "
            "nothing here is typed by hand, and what is changed by hand is lost.",
            "One switch each, flipped from `flagfiles/ablations/base.flags`: the blog's settings "
            "at a scale that two cores can repeat. All arms have the same seeds, and with a seed "
            "the same examples. Claims are judged by the mean absolute error of the matte over "
            "the unknown region (`error`, 0 to 1) on held-out composites: procedural mattes with "
            "colours and backgrounds from photographs that no run saw. SAD, MSE and Grad, and the "
            "errors on photographs with true mattes, stand beside it. A network this small, "
            "trained this briefly, answers for this scale only.",
        ]
    )


def _summary(findings: dict[int, list[Finding]]) -> str:
    lines = []
    for row in ROWS:
        for finding in findings[row.number]:
            lines.append(
                [str(row.number), finding.claim.text, finding_cell(finding), finding.verdict]
            )
    head = ["row", "claim", "change of the error [95 % interval]", "verdict"]
    return "## Verdicts\n\n" + markdown_table(head, lines)


def _differences(records_dir: Path, findings: dict[int, list[Finding]]) -> str:
    shown = [
        (f"{row.number}. {finding.claim.text}", finding)
        for row in ROWS
        for finding in findings[row.number]
        if finding.claim.rule not in ("all black", "fits one sample")
    ]
    picture = draw_differences(shown)
    return _picture(records_dir, DIFFERENCES_NAME, picture, "paired differences of all rows")


def _rules() -> str:
    percent = f"{100 * NO_EFFECT:g} %"
    return "\n".join(
        [
            "## How it is judged",
            "",
            "The difference arm − reference is taken seed by seed. Its 95 % interval over the "
            "seeds is that of Student's t with one degree of freedom fewer than seeds. With fewer "
            f"than two seeds everything is {UNDECIDED}.",
            "",
            f"* A is worse, or better, than B: *{HELD}* if the whole interval lies on the claimed "
            f"side of 0, *{DID_NOT_HOLD}* if it lies on the other, else *{UNDECIDED}*.",
            f"* No effect: *{HELD}* if the whole interval lies within ±{percent} of the "
            f"reference's error, *{DID_NOT_HOLD}* if it lies wholly outside.",
            f"* Not needed: *{HELD}* if the whole interval says that it lowers the error by at "
            f"most {percent}, *{DID_NOT_HOLD}* if the whole interval says more.",
            f"* All black: a prediction is black if its mean over the unknown region is below "
            f"{BLACK_BELOW:g}. *{HELD}* if in all seeds at least {100 * BLACK_SHARE:g} % of the "
            f"held-out predictions are, *{DID_NOT_HOLD}* if in none.",
            f"* One sample is fitted: *{HELD}* if the interval of the error on it lies below "
            f"{FITTED_BELOW:g}, *{DID_NOT_HOLD}* if above; {UNDECIDED} also where unpooling did "
            "not fit its sample.",
            f"* A row with several claims is *{HELD}* if all of them are, *{DID_NOT_HOLD}* if one "
            "is not.",
        ]
    )


def _row(
    row: Row, records: Records, findings: list[Finding], drift: dict | None, records_dir: Path
) -> str:
    parts = [f"## {row.number}. {row.title}", row.says]
    if row.judged_together:
        verdict = verdict_together(finding.verdict for finding in findings)
        parts.append(f"Verdict: **{verdict}**.")
    lines = [[one.claim.text, finding_cell(one), one.verdict] for one in findings]
    parts.append(markdown_table(["claim", "change of the error [95 % interval]", "verdict"], lines))
    if row.number == 9:
        parts += _refinement(records, findings[0].verdict)
    if row.number == 6:
        parts.append(_trimaps(records))
    sets = [HELD_OUT, *(claim.judged_on for claim in row.claims), VALIDATION]
    for judged_on in dict.fromkeys(sets):
        if judged_on != TRAINING:
            parts.append(errors_table(row, records, judged_on) or "")
    if row.number == 1:
        parts.append(kinds_table(row, records) or "")
    parts.append(training_table(row, records))
    name = f"row_{row.number:02d}.png"
    parts.append(
        _picture(records_dir, name, draw_curves(row, records), f"{row.title}: error over the steps")
    )
    if row.number == 5:
        parts += _drift(drift)
    return "\n\n".join(filter(None, parts))


def _refinement(records: Records, verdict: str) -> list[str]:
    """The 2×2 table of row 9 and the answer in sentences made from it."""
    found = refinement_and_drift(records)
    table = markdown_table(
        ["gain of refinement: error without it − error with it", "[95 % interval]"],
        [
            ["composited after resizing", interval_cell(found.gain_after)],
            ["composited before resizing", interval_cell(found.gain_before)],
            ["difference: before − after", interval_cell(found.difference)],
        ],
    )
    answers = {
        HELD: "Once the drift is gone, refinement is not needed at this scale: it lowers the "
        f"error by at most {100 * NO_EFFECT:g} %.",
        DID_NOT_HOLD: "Also without the drift, refinement is needed: it lowers the error by more "
        f"than {100 * NO_EFFECT:g} %.",
        UNDECIDED: "Whether refinement is needed once the drift is gone is undecided at this "
        f"scale: the interval of its gain holds less and more than {100 * NO_EFFECT:g} % of the "
        "error, or there are too few seeds.",
    }
    answer = answers.get(verdict, "The question was not run yet.")
    if found.difference.low > 0:
        answer += " It gains more where the ground truth drifts: in part it repairs the drift."
    elif found.difference.high < 0:
        answer += " It gains less where the ground truth drifts."
    elif verdict in answers:
        answer += " Whether it gains more where the ground truth drifts is undecided."
    crossed = crossed_table(
        records,
        ["error on held-out composites", "composited after resizing", "before resizing"],
        [
            ("without refinement", [("base", HELD_OUT), ("composite_before", HELD_OUT)]),
            ("with refinement", [("refine", HELD_OUT), ("refine_composite_before", HELD_OUT)]),
        ],
    )
    return [answer, crossed, table]


def _trimaps(records: Records) -> str:
    """The 2×2 table of row 6."""
    sets = (HELD_OUT, HELD_OUT_DILATE)
    return crossed_table(
        records,
        ["error on held-out composites", "trimaps by dilation and erosion", "by dilation only"],
        [
            ("trained with dilation and erosion", [("base", one) for one in sets]),
            ("trained with dilation only", [("dilate_only", one) for one in sets]),
        ],
    )


def _drift(drift: dict | None) -> list[str]:
    if drift is None:
        return [f"The size of the drift was not measured yet (`{_COMMAND} drift`)."]
    return [
        f"The drift itself: how far the photo composited before resizing to 320 lies from what "
        f"alpha, foreground and background of the example say, in grey levels, over the colours "
        f"of unknown pixels, {drift['mattes']} mattes of each kind, crops of 640 and 480. A crop "
        "of 320 is not resized and does not drift.",
        drift_table(drift),
        f"![part of an example composited in both orders, and the difference]({DRIFT_IMAGE})",
    ]


def _picture(records_dir: Path, name: str, picture: bytes | None, title: str) -> str:
    """Writes a plot and gives the line that shows it; nothing where there is nothing to plot."""
    if picture is None:
        (records_dir / name).unlink(missing_ok=True)
        return ""
    write_bytes(records_dir / name, picture)
    return f"![{title}]({records_dir.name}/{name})"


def _repeat(records: Records) -> str:
    runs = [run for by_seed in records.values() for run in by_seed.values()]
    lines = [
        "## How to repeat it",
        "",
        "One command, which goes on where it was stopped, and one for this page:",
        "",
        f"    {_COMMAND} run --photos_dir=PHOTOS --validation_dir=VALIDATION "
        "--vgg_weights=vgg16_weights.npz",
        f"    {_COMMAND} report",
    ]
    if runs:
        hours = sum(run.seconds for run in runs) / 3600
        machines = "; ".join(sorted({run.machine for run in runs}))
        versions = sorted(
            {f"{name} {version}" for run in runs for name, version in run.versions.items()}
        )
        conditions = sorted(
            {f"{name}: {text}" for run in runs for name, text in run.conditions.items()}
        )
        lines += [
            "",
            f"The {len(runs)} runs took {hours:.1f} hours, measuring included, on: {machines}.",
            f"Versions: {', '.join(versions)}. Data: {'; '.join(conditions)}.",
        ]
    return "\n".join(lines)
