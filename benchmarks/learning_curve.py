"""The error on composites of photographs that training never saw, against steps, by kind of matte.

    pip install matplotlib
    python benchmarks/learning_curve.py --held_out=held_out 200=runs/a/checkpoints/step-00000200.npz

The composites are those of `python -m dim_tf.commands.held_out`. Each checkpoint comes with the
steps it stands for, since a training may be of several runs. Writes a table and a plot of the mean
absolute error on the unknown region, as means over the composites of each kind.
"""

import argparse
import csv
import io
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from dim_tf.ablations.measuring import measure, pictures_of
from dim_tf.evaluation.kinds import kind_of_composite
from dim_tf.matting.predict import load_model
from dim_tf.system.files import write_bytes


def errors_by_kind(checkpoint: str, held_out: Path) -> dict[str, float]:
    """Mean absolute error on the unknown region of each kind of matte, and of all."""
    model = load_model(checkpoint, precision="auto", post_process="none")
    errors = measure(model, pictures_of(held_out, "trimap"))
    kinds = np.array([kind_of_composite(name) for name in errors["pictures"]])
    values = np.array(errors["unknown_mae"])
    return {"all": values.mean()} | {
        kind: values[kinds == kind].mean() for kind in dict.fromkeys(kinds)
    }


def draw(rows: list[dict[str, float]], path: str) -> None:
    """A line for each kind, a thick one for all."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4.5))
    steps = [row["steps"] for row in rows]
    for number, kind in enumerate(list(rows[0])[1:]):
        style = {"color": "black", "linewidth": 2.5} if kind == "all" else {"linewidth": 1}
        line = "-o" if number <= 10 else "--o"  # ten colours
        axes.plot(steps, [row[kind] for row in rows], line, markersize=3, label=kind, **style)
    axes.set_xlabel("steps")
    axes.set_ylabel("mean absolute error, unknown region")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, ncols=2)
    figure.tight_layout()
    picture = io.BytesIO()
    figure.savefig(picture, dpi=110)
    write_bytes(Path(path), picture.getvalue())


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoints", nargs="+", help="steps=file, in their order")
    parser.add_argument("--held_out", required=True, help="folder of the composites")
    parser.add_argument("--csv", default="docs/learning_curve.csv")
    parser.add_argument("--plot", default="docs/images/learning_curve.png")
    arguments = parser.parse_args()
    rows = []
    for word in arguments.checkpoints:
        steps, _, checkpoint = word.partition("=")
        errors = errors_by_kind(checkpoint, Path(arguments.held_out))
        rows.append({"steps": int(steps)} | {kind: round(e, 4) for kind, e in errors.items()})
        print(", ".join(f"{name}: {value}" for name, value in rows[-1].items()), flush=True)
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_bytes(Path(arguments.csv), text.getvalue().encode())
    draw(rows, arguments.plot)


if __name__ == "__main__":
    main()
