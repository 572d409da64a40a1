import os
import signal
import time

import pytest

from dim_tf.training import signals as training_signals
from dim_tf.training.signals import StopSignals

NUMBERS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]


@pytest.fixture
def handlers():
    """The handlers of a program, which are to be there again behind the block."""

    def handler(number, frame):
        raise KeyboardInterrupt

    before = {number: signal.signal(number, handler) for number in NUMBERS}
    yield handler
    for number, previous in before.items():
        signal.signal(number, previous)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_is_noted(handlers, number):
    with StopSignals() as signals:
        assert not signals.received
        os.kill(os.getpid(), number)
        assert signals.received and signals.number == number
    assert signal.getsignal(number) is handlers


def test_what_is_ignored_stays_so(handlers):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with StopSignals() as signals:
        os.kill(os.getpid(), signal.SIGHUP)
        assert not signals.received
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


@pytest.mark.parametrize("first", NUMBERS)
@pytest.mark.parametrize("second", NUMBERS)
def test_another_signal_later_ends_at_once(handlers, monkeypatch, first, second):
    monkeypatch.setattr(training_signals, "_SECONDS_TO_ANOTHER", 0.02)
    with pytest.raises(KeyboardInterrupt), StopSignals() as signals:
        for number in (first, second, first):  # as who ends a program may send them, at once
            os.kill(os.getpid(), number)
        assert signals.received
        time.sleep(0.03)
        os.kill(os.getpid(), second)
        pytest.fail("it went on")
    assert all(signal.getsignal(number) is handlers for number in NUMBERS)
