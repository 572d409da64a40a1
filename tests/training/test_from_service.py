"""Batches that may not come."""

import socket
import threading
import time

import pytest

from dim_tf.training import from_service
from dim_tf.training.from_service import NoBatchError, next_batch
from tests.training.worker_processes import free_ports


@pytest.fixture
def never(monkeypatch):
    """Batches that do not come."""
    monkeypatch.setattr(from_service, "_PAUSE", 0.01)
    monkeypatch.setattr(from_service, "_PATIENCE", 0.2)
    ends = threading.Event()
    yield iter(ends.wait, True)
    ends.set()


def url_of(port):
    return f"grpc://localhost:{port}"


def test_a_batch_and_an_error_are_those_of_the_batches():
    (port,) = free_ports(1)
    assert next_batch(iter([3]), lambda: True, url_of(port)) == 3
    with pytest.raises(ZeroDivisionError):
        next_batch(iter(lambda: 1 / 0, 1), lambda: False, url_of(port))


def test_a_service_that_is_gone_is_not_waited_for(never):
    (port,) = free_ports(1)
    with pytest.raises(NoBatchError, match="it does not answer"):
        next_batch(never, lambda: False, url_of(port))


def test_a_slow_service_is_waited_for_until_a_signal_comes(never):
    begun = time.monotonic()
    (port,) = free_ports(1)
    with socket.create_server(("", port), backlog=1000):
        batch = next_batch(never, lambda: time.monotonic() - begun > 0.5, url_of(port))
    assert batch is None and time.monotonic() - begun > 0.6


def test_pictures_that_do_not_come_are_waited_for_until_a_signal_comes(never):
    begun = time.monotonic()
    assert next_batch(never, lambda: time.monotonic() - begun > 0.5) is None
    assert time.monotonic() - begun > 0.6
