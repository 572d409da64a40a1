"""How many foregrounds of each kind a dataset has, to the last one."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from dim_tf.commands.prepare import make_dataset
from dim_tf.config import OfflineConfig, with_values
from dim_tf.dataset.folders import folder_foregrounds
from dim_tf.dataset.manifest import read_manifest
from dim_tf.dataset.mixing import _chosen, numbers_of, shares_of
from dim_tf.pictures.writing import write_png
from dim_tf.system.errors import InputError


def fits(total, shares, most):
    return all(share * total <= most[kind] for kind, share in shares.items() if kind in most)


@pytest.mark.parametrize("seed", range(40))
def test_the_numbers_are_the_largest_with_these_shares(seed):
    rng = np.random.default_rng(seed)
    kinds = ["synthetic", "cutouts", "folders"][: rng.integers(2, 4)]
    weights = rng.integers(1, 9, len(kinds)).tolist()
    shares = {
        kind: Fraction(weight, sum(weights)) for kind, weight in zip(kinds, weights, strict=True)
    }
    limited = [kind for kind in kinds if kind != "cutouts"]
    most = {kind: int(rng.integers(1, 200)) for kind in limited}
    numbers = numbers_of(shares, most, {"cutouts": 17})
    total = sum(numbers.values())
    assert fits(total, shares, most) and not fits(total + 1, shares, most)
    for kind, number in numbers.items():
        assert abs(number - shares[kind] * total) < 1
        assert number <= most.get(kind, number)


def test_what_rounding_leaves_goes_to_the_largest_remainders():
    shares = {"synthetic": Fraction(1, 7), "cutouts": Fraction(2, 7), "folders": Fraction(4, 7)}
    # 15 in all: 2 1/7, 4 2/7 and 8 4/7.
    numbers = {"synthetic": 2, "cutouts": 4, "folders": 9}
    assert numbers_of(shares, {"folders": 9, "synthetic": 90}, {}) == numbers
    halves = {"synthetic": Fraction(1, 2), "cutouts": Fraction(1, 2)}
    assert numbers_of(halves, {"synthetic": 2000}, {"cutouts": 931}) == dict.fromkeys(halves, 2000)


def test_without_shares_all_there_are_and_without_limits_each_cut_out_once():
    given = {"synthetic": 5, "folders": 3}
    assert numbers_of({}, given, {"cutouts": 4}) == {**given, "cutouts": 4}
    assert numbers_of({"cutouts": Fraction(1)}, {}, {"cutouts": 4}) == {"cutouts": 4}


def test_weights_are_read_exactly():
    given = ["synthetic", "cutouts", "folders"]
    found = shares_of(("synthetic:0.1", "cutouts: 0.2", "folders:.3"), given)
    assert found == dict(zip(given, (Fraction(1, 6), Fraction(1, 3), Fraction(1, 2)), strict=True))
    assert shares_of((), given) == {}


@pytest.mark.parametrize(
    "mix",
    [
        *(["synthetic"], ["synthetic:"], ["hair:1"], ["synthetic:1", "synthetic:1"]),
        *(["synthetic:0"], ["synthetic:-1"], ["synthetic:nan"], ["synthetic:1/0"], [""]),
    ],
)
def test_what_is_no_mix_is_refused(mix):
    with pytest.raises(InputError, match=r"--mix=.* is not possible; write it like"):
        shares_of(mix, ["synthetic"])


@pytest.mark.parametrize("mix", [["synthetic:1"], ["synthetic:1", "cutouts:1", "folders:1"]])
def test_a_mix_names_what_is_given(mix):
    with pytest.raises(InputError, match=r"given by --synthetic, --cutouts_dir; name"):
        shares_of(mix, ["synthetic", "cutouts"])


@pytest.fixture
def inputs(tmp_path):
    """Three cut-outs, seven pairs in folders, four photographs, and a config that takes them."""
    rng = np.random.default_rng(1)
    for number in range(7):
        alpha = np.zeros((30, 40), np.uint8)
        alpha[5:20, 4 : 10 + number] = 255
        write_png(tmp_path / "alpha" / f"pair{number}.png", alpha)
        colours = rng.integers(0, 256, (30, 40, 3), np.uint8)
        write_png(tmp_path / "eps" / f"pair{number}.png", colours)
        if number < 3:
            write_png(tmp_path / "cutouts" / f"{number}.png", np.dstack([colours, alpha]))
        if number < 4:
            write_png(tmp_path / "photos" / f"{number}.png", colours)
    return with_values(
        OfflineConfig(),
        out_dir=str(tmp_path / "out"),
        photos_dir=str(tmp_path / "photos"),
        cutouts_dir=str(tmp_path / "cutouts"),
        alpha_dir=str(tmp_path / "alpha"),
        eps_dir=str(tmp_path / "eps"),
        synthetic=4,
        pad="none",
        backgrounds_per_foreground=3,
        workers=1,
        progress=False,
    )


def pairs_by_kind(config):
    """Kind → how many pairs the dataset has of it."""
    manifest = read_manifest(config.out_dir)
    names = [manifest.foreground_name(i) for i in range(len(manifest))]
    kinds = ["folders" if "pair" in name else name.split("_")[0] for name in names]
    kinds = [kind if kind in ("folders", "cutout") else "synthetic" for kind in kinds]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def test_a_dataset_has_pairs_in_the_shares_asked_for(inputs):
    mix = ("synthetic:0.25", "cutouts:0.5", "folders:0.25")
    summary = make_dataset(with_values(inputs, mix=mix))
    assert pairs_by_kind(inputs) == {"cutout": 24, "folders": 12, "synthetic": 12}
    told = "Foregrounds: 4 of synthetic and 8 of cutouts (3 cut-outs in turns) and 4 of folders."
    assert told in summary.notes


def test_without_a_mix_everything_is_taken_and_told(inputs):
    summary = make_dataset(inputs)
    assert pairs_by_kind(inputs) == {"cutout": 9, "folders": 21, "synthetic": 12}
    (note,) = summary.notes
    assert note.startswith("Foregrounds: 4 of synthetic and 3 of cutouts (3 cut-outs in turns) and")
    assert note.endswith("7 of folders; all that are given, since --mix was left out.")


def test_which_pairs_of_the_folders_are_taken_depends_on_seed_and_name(inputs, tmp_path):
    config = with_values(inputs, synthetic=0, cutouts=3, mix=("cutouts:1", "folders:1"))
    make_dataset(config)
    chosen = {name for name in read_manifest(config.out_dir).foregrounds if "pair" in name}
    assert len(chosen) == 3
    for folder in ("alpha", "eps"):
        (tmp_path / folder / "pair0.png").rename(tmp_path / folder / "more.png")
    make_dataset(with_values(config, out_dir=str(tmp_path / "again")))
    again = set(read_manifest(tmp_path / "again").foregrounds)
    assert len(chosen & again) >= len(chosen) - 1
    files, _ = folder_foregrounds(config.folders)
    draws = {tuple(pair.name for pair in _chosen(files, 3, seed)) for seed in range(20)}
    assert len(draws) > 5
    assert {name for draw in draws for name in draw} == {pair.name for pair in files}


def test_a_pair_with_the_name_of_something_made_is_refused_by_name(inputs, tmp_path):
    for folder in ("alpha", "eps"):
        (tmp_path / folder / "pair0.png").rename(tmp_path / folder / "cutout_000001_cutouts.png")
    (refusal,) = make_dataset(inputs).refused
    assert refusal.endswith(
        "cutout_000001_cutouts.png has the name of a foreground that is made here; rename it."
    )
    names = read_manifest(inputs.out_dir).foregrounds
    assert len(set(names)) == len(names) == 4 + 3 + 6


def test_a_mix_may_not_change_between_two_runs(inputs):
    make_dataset(inputs)
    with pytest.raises(InputError, match="begun without --mix, not with --mix=synthetic:1,cut"):
        make_dataset(with_values(inputs, mix=("synthetic:1", "cutouts:1", "folders:1")))
    assert make_dataset(inputs).written == 0
    assert Path(inputs.out_dir).is_dir()
