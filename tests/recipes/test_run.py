import dataclasses
import itertools
import re
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from dim_tf.pictures.writing import write_png
from dim_tf.synthetic import render_sample
from dim_tf.system.errors import InputError
from dim_tf.system.npz import text_of
from dim_tf.trimaps.from_matte import trimap_from_alpha
from recipes.accelerated import clock, loop
from recipes.accelerated.draws import Draws
from recipes.accelerated.examples import draw_batch
from recipes.accelerated.learner import Learner
from recipes.accelerated.library import Library
from recipes.accelerated.losses import batch_losses
from recipes.accelerated.pack_file import pack_text, read_pack
from recipes.accelerated.settings import LossSettings, OptimizationSettings
from recipes.accelerated.state_file import go_on_from_state
from recipes.accelerated.validation import read_validation_images, validate
from recipes.accelerated.weights import network_of, read_weights, weights_text

CPU = torch.device("cpu")


@pytest.fixture
def steady_time(monkeypatch):
    """A clock that goes on 0.03 seconds each time it is looked at."""
    seconds = itertools.count(step=0.03)
    monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=lambda: next(seconds)))


@pytest.fixture(scope="module")
def validation_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("validation")
    rgb, alpha, _ = render_sample(1, (70, 90))
    write_png(folder / "rgb" / "sample.png", rgb)
    write_png(folder / "trimap" / "sample.png", trimap_from_alpha(alpha, 15).numpy())
    write_png(folder / "alpha" / "sample.png", alpha)
    return folder


def fixed_batch(pack, photos_dir):
    """Examples of cut-outs alone, so that they are the same every time."""
    from recipes.accelerated.mattes import DrawnMatte

    packed = read_pack(pack[0])
    library = Library(packed, loop.TrainSettings().examples.shares_of_sources(), 16, CPU)
    library.add(DrawnMatte(library.pictures[0].numpy(), library.edges[0].numpy()))
    return draw_batch(library, 16, 64, Draws(3, CPU))


@pytest.mark.slow
def test_a_short_run_lowers_the_loss_and_writes_its_files(
    pack, photos_dir, weights_file, validation_dir, settings, tmp_path, capsys, steady_time
):
    run_dir = tmp_path / "run"
    small = settings(
        pack=str(pack[0]),
        weights=str(weights_file),
        run_dir=str(run_dir),
        validation_dir=str(validation_dir),
        validate_seconds=2.0,
        seconds=6.0,
        learning_rate=3e-3,
        warmup_steps=5,
        report_every=10,
    )
    assert loop.train(small) is None
    said = capsys.readouterr().out
    assert {path.name for path in run_dir.iterdir()} == {
        *("state.npz", "start.jpg", "end.jpg"),
        *("last.npz", "average.npz", "at_50.npz", "at_75.npz"),
    }
    assert re.search(
        r"step 10  40 examples  loss \d\.\d{4}  error 0\.\d{4}  certainty -?\d+\.\d{3}  "
        r"learning rate \d\.\d\de-\d\d  \d+ mattes  \d+\.\d examples/s  \d s left",
        said,
    )
    mattes = [int(count) for count in re.findall(r"(\d+) mattes", said)]
    examples = [int(count) for count in re.findall(r"(\d+) examples ", said)]
    ready = small.first_mattes + 24
    assert all(m <= ready + count for m, count in zip(mattes, examples, strict=True))
    for when in ("start", r"step \d+", "last", "averaged"):
        assert re.search(rf"validation, {when}: SAD \d\.\d{{3}}  MSE 0\.\d{{4}}", said), when
    sheet = cv2.imread(str(run_dir / "end.jpg"))
    assert sheet.shape == (12 * 64, 10 * 64, 3) and sheet.std() > 10
    batch = fixed_batch(pack, photos_dir)
    losses = []
    for path in (weights_file, run_dir / "last.npz", run_dir / "average.npz"):
        network = network_of(read_weights(path), path).train()
        with torch.no_grad():
            losses.append(batch_losses(*network(batch.image_and_trimap), batch, LossSettings()))
    start, last, average = losses
    assert last.matting < 0.9 * start.matting
    assert last.error < 0.9 * start.error
    assert last.certainty < 0.9 * start.certainty
    assert average.matting < start.matting  # it follows: of so few steps it is the mean

    steps = int(np.load(run_dir / "state.npz")["learner/step"])
    assert loop.train(small) is None  # once more: it has nothing left to do
    assert "It is finished" in capsys.readouterr().out
    assert int(np.load(run_dir / "state.npz")["learner/step"]) == steps


def test_validation_is_what_test_py_measures(validation_dir, weights, keras_network, config):
    from dim_tf.evaluation.metrics import mse, sad, to_8_bit
    from dim_tf.matting.predict import MattingModel

    (image,) = read_validation_images(validation_dir)
    network = network_of(weights, "test").train()
    errors = validate(network, [image], CPU)
    assert network.training
    model = MattingModel(keras_network, config, {}, None, "none")
    predicted = to_8_bit(model.predict_alpha(image.rgb, image.trimap))
    assert errors["SAD"] == pytest.approx(sad(predicted, image.alpha, image.trimap), rel=1e-3)
    assert errors["MSE"] == pytest.approx(mse(predicted, image.alpha, image.trimap), rel=1e-3)


def test_a_photograph_without_a_partner_is_told(validation_dir, tmp_path):
    rgb, alpha, _ = render_sample(1, (70, 90))
    for part, picture in (("rgb", rgb), ("trimap", alpha), ("alpha", alpha)):
        write_png(tmp_path / part / f"{'other' if part == 'alpha' else 'one'}.png", picture)
    with pytest.raises(InputError, match=r"alpha has no picture named one; add it"):
        read_validation_images(tmp_path)


@pytest.mark.parametrize("broken", ["loss", "gradient"])
def test_a_loss_that_is_not_finite_ends_the_run_and_keeps_the_state(
    pack, weights_file, settings, tmp_path, monkeypatch, steady_time, broken
):
    learned = Learner.learn

    def learn(self, batch, progress):
        losses = learned(self, batch, progress)
        if self.step != 5:
            return losses
        if broken == "loss":
            return losses._replace(matting=losses.matting * torch.nan)
        with torch.no_grad():  # what such a gradient makes of the weights
            next(self.network.parameters()).fill_(torch.nan)
        return losses

    monkeypatch.setattr(Learner, "learn", learn)
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    (run_dir / ".dim_tf.killed.part").touch()
    small = settings(
        pack=str(pack[0]),
        weights=str(weights_file),
        run_dir=str(run_dir),
        save_seconds=1e-3,
        report_every=1000,
        seconds=60.0,
    )
    with pytest.raises(InputError, match="The loss is not finite, at step 5"):
        loop.train(small)
    assert int(np.load(run_dir / "state.npz")["learner/step"]) == 4
    assert not list(run_dir.glob("*.part"))


def test_a_run_that_begins_anew_is_not_finished_by_the_files_of_another(
    pack, weights_file, settings, tmp_path, monkeypatch, steady_time, capsys
):
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    of_another = ("average.npz", "last.npz", "at_50.npz", "end.jpg")
    for name in of_another:
        (run_dir / name).write_bytes(b"of another")
    small = settings(
        pack=str(pack[0]), weights=str(weights_file), run_dir=str(run_dir), seconds=0.2
    )
    finished = []

    def killed(self):
        finished.append(not (run_dir / "average.npz").exists())
        raise KeyboardInterrupt

    monkeypatch.setattr(loop.Run, "_finish", killed)
    begun_with = []

    class Processes(loop.MatteProcesses):
        def __init__(self, photos, seed, first, count):
            begun_with.append(first)
            super().__init__(photos, seed, first, count)

    monkeypatch.setattr(loop, "MatteProcesses", Processes)
    # What it begins with keeps its name, by which the same command finds it again.
    own = run_dir / "at_1.npz"
    own.write_bytes(weights_file.read_bytes())
    small = dataclasses.replace(small, weights=str(own))
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            loop.train(small)
    assert finished == [True, True] and own.is_file()
    for name in of_another:
        assert (run_dir / f"earlier_{name}").read_bytes() == b"of another"
    assert "of a run without state" in capsys.readouterr().out
    with np.load(run_dir / "state.npz") as file:
        progress = text_of(file["progress"])
    # Mattes that were drawn and not taken are not drawn again.
    assert begun_with[0] == 0 and begun_with[1] >= 2
    assert progress["next_matte"] >= progress["mattes"] >= 4


def train_command(*flags):
    return [sys.executable, "-m", "recipes.accelerated.train", *flags]


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--weights=w.npz", "--run_dir=r"], "--pack is missing"),
        (["--pack=none.npz", "--weights={weights}", "--run_dir={run}"], "There is no pack none"),
        (["--sizes=100:4:1"], "100 pixels are not possible"),
    ],
)
def test_bad_input_is_one_sentence(weights_file, tmp_path, flags, told):
    flags = [flag.format(weights=weights_file, run=tmp_path / "run") for flag in flags]
    failed = subprocess.run(train_command(*flags), capture_output=True, text=True, timeout=120)
    assert failed.returncode == 1
    assert told in failed.stderr
    assert failed.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_stopped_goes_on_where_it_was(pack, weights_file, settings, tmp_path, number):
    run_dir = tmp_path / "run"
    flags = [
        *(f"--pack={pack[0]}", f"--weights={weights_file}", f"--run_dir={run_dir}"),
        *("--seconds=600", "--sizes=64:4:1", "--ring=16", "--first_mattes=2", "--workers=1"),
        "--report_every=1",
    ]

    def run_and_stop():
        process = subprocess.Popen(
            train_command(*flags), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        lines = []
        while sum(line.startswith("step ") for line in lines) < 3:
            lines.append(process.stdout.readline())
            assert lines[-1], process.stderr.read()
        process.send_signal(number)
        said, errors = process.communicate(timeout=60)
        assert process.returncode == 128 + number, errors
        assert not errors
        return "".join(lines) + said

    def state():
        with np.load(run_dir / "state.npz") as file:
            return {name: file[name] for name in file.files}

    def seconds(arrays):
        return float(re.search(r'"seconds": ([\d.]+)', arrays["progress"].tobytes().decode())[1])

    begun = time.monotonic()
    assert "saved; the same command goes on" in run_and_stop()
    first = state()
    step = int(first["learner/step"])
    assert step >= 3
    assert 0 < seconds(first) < time.monotonic() - begun
    said = run_and_stop()
    assert f"goes on from step {step}." in said
    assert f"step {step + 1}  {4 * (step + 1)} examples" in said
    second = state()
    assert int(second["learner/step"]) > step
    assert seconds(second) > seconds(first)
    learner = Learner(
        network_of(read_weights(weights_file), ""), CPU, OptimizationSettings(), LossSettings()
    )
    inputs = {
        "pack": pack_text(read_pack(pack[0])),
        "weights": weights_text(read_weights(weights_file)),
    }
    progress = go_on_from_state(
        run_dir, settings(seconds=600.0, sizes=("64:4:1",)), inputs, learner, Draws(1, CPU)
    )
    assert progress.examples == 4 * learner.step
