"""Foregrounds of several kinds in one dataset: how many of each, and which.

Each foreground meets as many backgrounds as any other, so the shares of the foregrounds are those
of the pairs, and of the examples that training draws.
"""

import zlib
from collections.abc import Mapping, Sequence
from fractions import Fraction

from dim_tf.config import CutOutConfig, FolderConfig, JobsConfig, MixConfig, SyntheticConfig
from dim_tf.dataset.cutouts import cut_out_foregrounds, usable_cut_outs
from dim_tf.dataset.draws import seeds_of
from dim_tf.dataset.exchanged import refuse_exchanged
from dim_tf.dataset.folders import ForegroundFiles, folder_foregrounds
from dim_tf.dataset.left_out import held_out_names
from dim_tf.dataset.procedural import backgrounds_of, synthetic_foregrounds
from dim_tf.dataset.sources import Foreground, Sources
from dim_tf.system.errors import InputError

# The kinds of foregrounds, and the flag that gives each.
FLAGS = {"synthetic": "--synthetic", "cutouts": "--cutouts_dir", "folders": "--alpha_dir"}


def shares_of(mix: Sequence[str], given: Sequence[str]) -> dict[str, Fraction]:
    """What --mix means.

    Args:
        mix: KIND:WEIGHT of each kind; empty if there is no --mix.
        given: the kinds that the user gives.

    Returns:
        Kind → share; they add up to 1. Empty without --mix.

    Raises:
        InputError: it is not written like that, or names other kinds than are given.
    """
    weights: dict[str, Fraction] = {}
    for item in mix:
        kind, _, text = item.partition(":")
        try:
            weight = Fraction(text.strip())
        except (ValueError, ZeroDivisionError):
            weight = Fraction(0)
        kind = kind.strip()
        if kind not in FLAGS or kind in weights or weight <= 0:
            raise InputError(
                f"--mix={','.join(mix)} is not possible; write it like "
                "--mix=synthetic:0.5,cutouts:0.5, with synthetic, cutouts or folders once each and "
                "a weight above 0."
            )
        weights[kind] = weight
    if weights and set(weights) != set(given):
        raise InputError(
            f"--mix names {', '.join(weights)}, but foregrounds are given by "
            f"{', '.join(FLAGS[kind] for kind in given)}; name synthetic for --synthetic, cutouts "
            "for --cutouts_dir and folders for --alpha_dir, and no other."
        )
    total = sum(weights.values())
    return {kind: weight / total for kind, weight in weights.items()}


def numbers_of(
    shares: Mapping[str, Fraction], most: Mapping[str, int], once: Mapping[str, int]
) -> dict[str, int]:
    """How many foregrounds of each kind are taken.

    With shares: the largest total T with share · T ≤ most for each kind that has a most, and of T
    each kind's share, rounded down; what is then missing goes one by one to the kinds with the
    largest remainders, of equal ones to the first. Without shares all there are.

    Args:
        shares: from `shares_of`.
        most: the kinds of which there are only so many.
        once: of the others, how many there are without repeating one. Taken where nothing limits
            the total.

    Returns:
        Kind → number, none above its most.
    """
    if not shares:
        return {**most, **once}
    limits = {kind: most[kind] for kind in shares if kind in most} or once
    total = min(count // shares[kind] for kind, count in limits.items())
    exact = {kind: total * share for kind, share in shares.items()}
    numbers = {kind: int(number) for kind, number in exact.items()}
    by_remainder = sorted(exact, key=lambda kind: numbers[kind] - exact[kind])
    for kind in by_remainder[: total - sum(numbers.values())]:
        numbers[kind] += 1
    return numbers


def mixed_sources(
    folders: FolderConfig,
    procedural: SyntheticConfig,
    cut_outs: CutOutConfig,
    mixing: MixConfig,
    seed: int,
    jobs: JobsConfig,
) -> Sources:
    """Foregrounds of the kinds that are given, in the shares that are asked for.

    Args:
        folders: mattes and colours in folders, and a folder of backgrounds.
        procedural: procedural mattes, and photographs.
        cut_outs: real cut-outs.
        mixing: the shares.
        seed: of all draws.
        jobs: how to look at the cut-outs.

    Raises:
        InputError: a folder is missing, holds no picture or nothing that can be used; shares that
            do not go with what is given; with `jobs.strict` the first cut-out that cannot be used.
    """
    given = {
        "synthetic": procedural.synthetic,
        "cutouts": cut_outs.cutouts_dir,
        "folders": folders.alpha_dir,
    }
    given = [kind for kind in FLAGS if given[kind]]
    shares = shares_of(mixing.mix, given)
    backgrounds, refusals = backgrounds_of(procedural, seed, folders.bg_dir)
    pairs, usable, once = [], [], {}
    most = {"synthetic": procedural.synthetic} if "synthetic" in given else {}
    if "folders" in given:
        part = "training" if procedural.hold_out else "all"
        pairs, refused = folder_foregrounds(folders, part)
        refuse_exchanged(pairs, folders)
        most["folders"] = len(pairs)
        refusals = refused + refusals
    if "cutouts" in given:
        usable, refused = usable_cut_outs(cut_outs.cutouts_dir, procedural.hold_out, jobs)
        (most if cut_outs.cutouts else once)["cutouts"] = cut_outs.cutouts or len(usable)
        refusals = refusals + refused
    numbers = dict.fromkeys(FLAGS, 0) | numbers_of(shares, most, once)
    made = [
        *synthetic_foregrounds(procedural, numbers["synthetic"], seed, folders.bg_dir),
        *cut_out_foregrounds(usable, cut_outs, numbers["cutouts"], seed),
    ]
    pairs, refused = _with_names_of_their_own(_chosen(pairs, numbers["folders"], seed), made)
    held_out = None
    if procedural.hold_out:
        held_out = held_out_names(procedural.photos_dir, folders, cut_outs.cutouts_dir)
    return Sources(
        foregrounds=(*made, *pairs),
        backgrounds=backgrounds,
        refusals=(*refusals, *refused),
        notes=_notes(numbers, given, bool(shares), len(usable)),
        cut_outs=tuple(cut_out.name for cut_out in usable),
        held_out=held_out,
    )


def _with_names_of_their_own(
    pairs: Sequence[ForegroundFiles], made: Sequence[Foreground]
) -> tuple[list[ForegroundFiles], list[str]]:
    """The pairs whose name no foreground has that is made here, and the refusals."""
    taken = {foreground.name for foreground in made}
    refusals = [
        f"{pair.alpha_file} has the name of a foreground that is made here; rename it."
        for pair in pairs
        if pair.name in taken
    ]
    return [pair for pair in pairs if pair.name not in taken], refusals


def _chosen(files: Sequence[ForegroundFiles], count: int, seed: int) -> list[ForegroundFiles]:
    """So many pairs of the folders, in their order; which ones depends on seed and names."""

    def draw(pair: ForegroundFiles) -> list[int]:
        return seeds_of(seed, "pair of a mix", zlib.crc32(pair.name.encode()), 2)

    chosen = {pair.name for pair in sorted(files, key=draw)[:count]}
    return [pair for pair in files if pair.name in chosen]


def _notes(
    numbers: Mapping[str, int], given: Sequence[str], mixed: bool, usable: int
) -> tuple[str, ...]:
    if len(given) == 1 and "cutouts" not in given:
        return ()
    turns = {"cutouts": f" ({usable} cut-outs in turns)"}
    told = " and ".join(f"{numbers[kind]} of {kind}{turns.get(kind, '')}" for kind in given)
    if len(given) > 1 and not mixed:
        told += "; all that are given, since --mix was left out"
    return (f"Foregrounds: {told}.",)
