"""Composites with true mattes, made of photographs that no training saw.

    dim-tf prepare --synthetic=2000 --photos_dir=photos --hold_out -o data
    dim-tf held-out photos -o held_out

writes rgb, trimap, trimap_dilate and alpha, in the layout that dim-tf measure takes:

    dim-tf measure --rgb=held_out/rgb --trimap=held_out/trimap --gt=held_out/alpha

Of the real cut-outs that --hold_out left out; sources take turns, and errors are told by source:

    dim-tf held-out photos --source=cutouts --cutouts_dir=cutouts -o held_out_cutouts

With --data_dir=data, pictures that this dataset did not hold out are refused: its folders may have
changed since it was made.

Closed-form matting on the same pictures, for comparison (pip install pymatting):

    dim-tf held-out photos -o held_out --closed_form=cf
    dim-tf measure cf held_out/alpha --trimap=held_out/trimap
"""

from pathlib import Path

from dim_tf.commands.script import Command, run_script
from dim_tf.config import HeldOutConfig
from dim_tf.evaluation.held_out import check_pymatting, write_closed_form, write_composites
from dim_tf.evaluation.held_out_cutouts import held_out_cut_outs
from dim_tf.system.errors import InputError, printable, tell


def make(config: HeldOutConfig) -> None:
    """Makes what is missing and prints what was done.

    Raises:
        InputError: a folder is missing; see also `write_composites` and `write_closed_form`.
    """
    of_cut_outs = config.source == "cutouts"
    for name in ("photos_dir", "out_dir", *(("cutouts_dir",) if of_cut_outs else ())):
        if not getattr(config, name):
            raise InputError(f"--{name} is missing; give a folder (see --help).")
    if config.cutouts_dir and not of_cut_outs:
        raise InputError(
            "--cutouts_dir goes with --source=cutouts only; give that as well, or leave it out."
        )
    if config.closed_form:
        check_pymatting()
    if of_cut_outs:
        sources, refusals = held_out_cut_outs(config.cutouts_dir)
        for refusal in refusals:
            print(printable(f"Refused: {refusal}"), flush=True)
        listed = ", ".join(f"{len(cut_outs)} of {source}" for source, cut_outs in sources.items())
        tell(config.cutouts_dir, f"cut-outs held out: {listed}; the sources take turns")
    written = write_composites(
        config.photos_dir,
        config.out_dir,
        config.count,
        config.size,
        config.seed,
        config.cutouts_dir,
        config.data_dir,
    )
    tell(config.out_dir, f"{written} of {config.count} composites written, the rest was there")
    if config.closed_form:
        written = write_closed_form(Path(config.out_dir), Path(config.closed_form))
        tell(config.closed_form, f"{written} closed-form mattes written, the rest was there")


COMMAND = Command(HeldOutConfig, make, files=("photos_dir",), aliases={"o": "out_dir"})


if __name__ == "__main__":
    run_script(*COMMAND)
