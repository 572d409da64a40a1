"""The report in two languages, a CSV and plots, from the records and nothing else."""

import importlib.util
import re
from pathlib import Path

from dim_tf.ablations.arms import ARMS, SCALES, Scale
from dim_tf.ablations.drift import read_drift
from dim_tf.ablations.judging import judge_all
from dim_tf.ablations.plots import draw_differences
from dim_tf.ablations.prose import Findings, count_runs, what_was_found
from dim_tf.ablations.records import Record, Records, read_records
from dim_tf.ablations.rows import ROWS
from dim_tf.ablations.sections import Show, section_of
from dim_tf.ablations.summary import (
    COMMAND,
    head,
    rules,
    verdicts,
)
from dim_tf.ablations.tables import results_csv
from dim_tf.ablations.words import ENGLISH, IN_CHINESE, Words
from dim_tf.config import AblationConfig
from dim_tf.system.errors import InputError
from dim_tf.system.files import write_bytes

CSV_NAME = "results.csv"
DIFFERENCES_NAME = "differences.png"
# As the dataset and the sets of pictures are named in records.
_PICTURES_OF_SET = re.compile(
    r"(?P<count>\d+) (?P<unit>pictures|pairs) \(checksum (?P<checksum>\w+)\)"
)
_RECORDS_OF_YOUR_OWN = "--records_dir=runs/ablations_records"
_LANGUAGES = {".md": ENGLISH, ".zh.md": IN_CHINESE}


def write_report(config: AblationConfig) -> str:
    """Writes the report, `results.csv` and the plots; what was not run yet is said.

    Args:
        config: `records_dir` is what counts; its seeds say what is still missing.

    Returns:
        A sentence that says what was written.

    Raises:
        InputError: matplotlib is missing, there is no record or one cannot be used, or a file
            cannot be written.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise InputError(
            "report needs matplotlib for its plots; install it with pip install matplotlib."
        )
    records_dir = Path(config.records_dir)
    records = read_records(records_dir)
    if not any(records.values()):
        raise InputError(
            f"--records_dir={records_dir} holds no records; give their folder, or make some with "
            f"{COMMAND} run."
        )
    drift = read_drift(records_dir)
    findings = judge_all(ROWS, records)
    written: dict[str, bool] = {}

    def show(name: str, picture: bytes | None, title: str) -> str:
        if name not in written:
            written[name] = picture is not None
            if picture is None:
                (records_dir / name).unlink(missing_ok=True)
            else:
                write_bytes(records_dir / name, picture)
        return f"![{title}]({records_dir.name}/{name})" if written[name] else ""

    write_bytes(records_dir / CSV_NAME, results_csv(records).encode())
    for suffix, words in _LANGUAGES.items():
        sections = [
            head(words, records_dir),
            what_was_found(words, findings, records, config),
            verdicts(words, findings, records),
            _differences(words, findings, show),
            rules(words, records),
            *(section_of(words, row, records, findings[row.number], drift, show) for row in ROWS),
            _repeat(words, records, config),
        ]
        text = "\n\n".join(filter(None, sections)) + "\n"
        write_bytes(records_dir.parent / f"{records_dir.name}{suffix}", text.encode())
    report = records_dir.parent / f"{records_dir.name}.md"
    runs = sum(map(len, records.values()))
    return f"{report}: {runs} runs of {sum(map(bool, records.values()))} of {len(ARMS)} arms."


def _differences(words: Words, findings: Findings, show: Show) -> str:
    shown = [
        (f"{row.number}. {finding.claim.text} ({finding.scale})", finding)
        for row in ROWS
        for finding in findings[row.number]
        if finding.is_difference
    ]
    return show(DIFFERENCES_NAME, draw_differences(shown), words("paired differences of all rows"))


def _repeat(words: Words, records: Records, config: AblationConfig) -> str:
    runs = [run for by_seed in records.values() for run in by_seed.values()]
    lines = [
        f"## {words('How to repeat it')}",
        "",
        words(
            "One command, which goes on where it was stopped, and one for the page; without "
            "`--records_dir` they add to, or replace, the records here:"
        ),
        "",
        f"    {COMMAND} run --photos_dir=photos --cutouts_dir=cutouts --validation_dir=validation "
        f"--vgg_weights=vgg16_weights.npz {_RECORDS_OF_YOUR_OWN}",
        f"    {COMMAND} report {_RECORDS_OF_YOUR_OWN}",
        "",
        *(_there(words, scale, records, config) for scale in SCALES),
    ]
    if runs:
        lines += ["", _conditions(words, runs)]
    return "\n".join(lines)


def _there(words: Words, scale: Scale, records: Records, config: AblationConfig) -> str:
    runs = [
        run for name, arm in ARMS.items() if arm.scale == scale for run in records[name].values()
    ]
    _, missing, _ = count_runs(scale, records, config)
    everything = {
        name for by_seed in records.values() for run in by_seed.values() for name in run.conditions
    }
    processor = [run.processor_seconds for run in runs if run.processor_seconds is not None]
    return words(
        "* The {scale} scale: {there} runs are there, {missing} missing; {older} of those that are "
        "there were not measured on every set and are repeated by the command above; until then "
        "what they have counts. They took {hours:.1f} hours by the clock, measuring included, "
        "beside other work on the same machine; {counted} of them recorded their processor time, "
        "{processor:.1f} hours summed over the cores.",
        scale=words(scale),
        there=len(runs),
        older=sum(not (run.is_complete and everything <= run.conditions.keys()) for run in runs),
        missing=missing,
        hours=sum(run.seconds for run in runs) / 3600,
        counted=len(processor),
        processor=sum(processor) / 3600,
    )


def _condition(words: Words, name: str, text: str) -> str:
    """Of a set of pictures how many it holds, and its checksum."""
    found = _PICTURES_OF_SET.fullmatch(text)
    if not found:
        return f"{name}: {text}"
    return words(
        "{name}: {count} {unit} (checksum {checksum})",
        name=words(name),
        count=found["count"],
        unit=words(found["unit"]),
        checksum=found["checksum"],
    )


def _conditions(words: Words, runs: list[Record]) -> str:
    machines = "; ".join(sorted({run.machine for run in runs}))
    versions = sorted(
        {f"{name} {version}" for run in runs for name, version in run.versions.items()}
    )
    conditions = sorted(
        {_condition(words, name, text) for run in runs for name, text in run.conditions.items()}
    )
    return words.sentences(
        words("Machine: {machines}.", machines=machines),
        words("Versions: {versions}.", versions=", ".join(versions)),
        words("Data: {conditions}.", conditions=words("; ").join(conditions)),
    )
