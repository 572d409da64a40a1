"""Makes one file of everything that training needs: cut-outs and photographs, small.

    python -m recipes.accelerated.pack --cutouts_dir=cutouts --photos_dir=photos --out=pack.npz

Left out, to measure on: of each source of cut-outs the 11th, 31st, 51st … by name, and of the
photographs every ninth, those that preprocess_offline.py leaves out with --hold_out.
"""

from pathlib import Path

from dim_tf.commands.script import Command, run_script
from dim_tf.system.errors import InputError, printable
from recipes.accelerated.packing import make_pack
from recipes.accelerated.settings import PackSettings


def pack(settings: PackSettings) -> None:
    """Makes the pack and prints what is in it.

    Raises:
        InputError: see `make_pack`.
    """
    for name in ("photos_dir", "out"):
        if not getattr(settings, name):
            raise InputError(f"--{name} is missing; give one (see --help).")
    if Path(settings.out).suffix != ".npz":
        raise InputError(f"--out={settings.out} is no .npz file; give a name that ends so.")
    result = make_pack(settings)
    size = Path(settings.out).stat().st_size / 2**20
    print(
        f"{settings.out}: {len(result.pack.cutouts)} pieces of cut-outs and "
        f"{len(result.pack.photos)} photographs, {size:.1f} MiB; {result.held_out} files held out."
    )
    for refusal in result.refusals:
        print(printable(refusal))


if __name__ == "__main__":
    run_script(Command(PackSettings, pack))
