"""Composites with true mattes, made of photographs that no training saw.

    dim-tf prepare --synthetic=2000 --photos_dir=photos --hold_out -o data
    dim-tf held-out photos -o held_out

writes rgb, trimap, trimap_dilate and alpha, in the layout that dim-tf measure takes:

    dim-tf measure --rgb=held_out/rgb --trimap=held_out/trimap --gt=held_out/alpha

Of the real cut-outs that --hold_out left out; sources take turns, and errors are told by source:

    dim-tf held-out photos --source=cutouts --cutouts_dir=cutouts -o held_out_cutouts

Of the mattes in folders, with their colours, that --hold_out left out:

    dim-tf held-out photos --source=folders --alpha_dir=mattes --eps_dir=eps -o held_out_mattes

With --data_dir=data, pictures that this dataset did not hold out are refused: its folders may have
changed since it was made.

Closed-form matting on the same pictures, for comparison (pip install pymatting):

    dim-tf held-out photos -o held_out --closed_form=cf
    dim-tf measure cf held_out/alpha --trimap=held_out/trimap
"""

from pathlib import Path

from dim_tf.commands.script import Command, run_script
from dim_tf.config import FolderConfig, HeldOutConfig
from dim_tf.evaluation.held_out import check_pymatting, write_closed_form, write_composites
from dim_tf.evaluation.held_out_cutouts import (
    HeldOutForegrounds,
    held_out_cut_outs,
    held_out_pairs,
)
from dim_tf.system.errors import InputError, printable, tell

# Source → the folders that it takes.
_FOLDERS_OF = {"cutouts": ("cutouts_dir",), "folders": ("alpha_dir", "eps_dir")}


def make(config: HeldOutConfig) -> None:
    """Makes what is missing and prints what was done.

    Raises:
        InputError: a folder is missing; see also `write_composites` and `write_closed_form`.
    """
    for name in ("photos_dir", "out_dir", *_FOLDERS_OF.get(config.source, ())):
        if not getattr(config, name):
            raise InputError(f"--{name} is missing; give a folder (see --help).")
    for source, names in _FOLDERS_OF.items():
        for name in names:
            if getattr(config, name) and config.source != source:
                raise InputError(
                    f"--{name} goes with --source={source} only; give that as well, or leave it "
                    "out."
                )
    if config.closed_form:
        check_pymatting()
    foregrounds = _foregrounds(config)
    if foregrounds:
        _tell_of(foregrounds)
    written = write_composites(
        config.photos_dir,
        config.out_dir,
        config.count,
        config.size,
        config.seed,
        foregrounds,
        config.data_dir,
    )
    tell(config.out_dir, f"{written} of {config.count} composites written, the rest was there")
    if config.closed_form:
        written = write_closed_form(Path(config.out_dir), Path(config.closed_form))
        tell(config.closed_form, f"{written} closed-form mattes written, the rest was there")


def _foregrounds(config: HeldOutConfig) -> HeldOutForegrounds | None:
    """Of the source that the configuration names; None of procedural mattes."""
    if config.source == "cutouts":
        return held_out_cut_outs(config.cutouts_dir)
    if config.source == "folders":
        return held_out_pairs(FolderConfig(alpha_dir=config.alpha_dir, eps_dir=config.eps_dir))
    return None


def _tell_of(foregrounds: HeldOutForegrounds) -> None:
    for refusal in foregrounds.refusals:
        print(printable(f"Refused: {refusal}"), flush=True)
    sources = foregrounds.sources
    listed = ", ".join(f"{len(cut_outs)} of {source}" for source, cut_outs in sources.items())
    turns = "; the sources take turns" if len(sources) > 1 else ""
    tell(foregrounds.folder, f"held out: {listed}{turns}")


COMMAND = Command(HeldOutConfig, make, files=("photos_dir",), aliases={"o": "out_dir"})


if __name__ == "__main__":
    run_script(COMMAND)
