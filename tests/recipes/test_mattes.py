import itertools
import os
import signal
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from dim_tf.synthetic import MATTE_KINDS
from dim_tf.system.errors import InputError
from recipes.accelerated.mattes import KINDS, MatteProcesses, procedural_foreground


def test_a_matte_depends_on_seed_and_number_alone(photos_dir):
    photos = sorted(photos_dir.iterdir())
    first = [procedural_foreground(1, number, photos) for number in range(60)]
    assert first == [procedural_foreground(1, number, photos) for number in range(60)]
    assert all(a.seed != b.seed for a, b in itertools.pairwise(first))
    assert first[0] != procedural_foreground(2, 0, photos)


def test_every_kind_is_drawn_and_every_choice_is_made(photos_dir):
    photos = sorted(photos_dir.iterdir())
    drawn = [procedural_foreground(1, number, photos) for number in range(2_000)]
    kinds = Counter(foreground.kind for foreground in drawn)
    assert set(kinds) == set(KINDS) == set(MATTE_KINDS)
    for kind, count in kinds.items():
        assert abs(count / 2_000 - KINDS.count(kind) / len(KINDS)) < 0.001
    assert abs(np.mean([foreground.shaded for foreground in drawn]) - 0.7) < 0.04
    assert abs(np.mean([foreground.crisp for foreground in drawn]) - 0.7) < 0.04
    assert abs(np.mean([bool(foreground.patch_photos) for foreground in drawn]) - 0.35) < 0.04
    bodies = [f.textured_edges for f in drawn if f.kind in ("hard", "holes")]
    assert abs(np.mean(bodies) - 0.6) < 0.06
    assert not any(f.textured_edges for f in drawn if f.kind not in ("hard", "holes"))


def test_processes_draw_what_the_numbers_say(photos_dir):
    photos = sorted(photos_dir.iterdir())
    with MatteProcesses(photos, seed=5, first=3, count=1) as processes:
        drawn = []
        while len(drawn) < 2:
            for matte in processes.take(2 - len(drawn), wait_seconds=0.5):
                drawn.append((matte.picture.copy(), matte.edges))
    for number, (picture, edges) in enumerate(drawn, start=3):
        alpha, rgb = procedural_foreground(5, number, photos).load()
        np.testing.assert_array_equal(picture[3], alpha)
        np.testing.assert_array_equal(picture[:3].transpose(1, 2, 0), rgb)
        assert edges.shape == (256, 2)
        assert len(np.unique(edges, axis=0)) > 16


def take(processes, count):
    """Their alphas."""
    drawn = []
    while len(drawn) < count:
        for matte in processes.take(count - len(drawn), wait_seconds=0.5):
            drawn.append(matte.picture[3].copy())
    return drawn


def test_a_process_that_is_slow_does_not_keep_kinds_to_itself(photos_dir):
    """Kinds follow the numbers: what the slow one does not draw, another one does."""
    photos = sorted(photos_dir.iterdir())
    with MatteProcesses(photos, seed=5, first=3, count=2) as processes:
        slow = processes._processes[0].pid
        os.kill(slow, signal.SIGSTOP)
        drawn = take(processes, 4)
        os.kill(slow, signal.SIGCONT)
    for number, alpha in enumerate(drawn, start=3):
        np.testing.assert_array_equal(
            alpha, procedural_foreground(5, number, photos).load()[0], str(number)
        )
    assert processes.next_number >= 7  # a run that goes on draws none of these again


def test_a_signal_to_all_processes_is_answered_by_the_one_that_began_them(photos_dir):
    with MatteProcesses(sorted(photos_dir.iterdir()), seed=1, first=0, count=1) as processes:
        take(processes, 1)
        for number in (signal.SIGTERM, signal.SIGINT):
            os.kill(processes._processes[0].pid, number)
        assert processes._processes[0].exitcode is None
        take(processes, 70)  # more than wait in the slots
    assert processes._processes[0].exitcode == -signal.SIGKILL


def test_a_process_that_died_is_told(photos_dir):
    with MatteProcesses(sorted(photos_dir.iterdir()), seed=1, first=0, count=1) as processes:
        processes._processes[0].kill()
        processes._processes[0].join()
        with pytest.raises(InputError, match="fewer --workers"):
            for _ in range(100):
                list(processes.take(1, wait_seconds=0.1))


def test_no_tensorflow_is_needed_and_drawing_needs_no_pytorch():
    program = (
        "import sys\n"
        "import recipes.accelerated.mattes, recipes.accelerated.train, recipes.accelerated.pack\n"
        "assert 'torch' not in sys.modules\n"
        "import importlib.util\n"
        "if importlib.util.find_spec('torch'):\n"
        "    import recipes.accelerated.loop\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)
