"""Which processes train together: TF_CONFIG, and whether all are there. No TensorFlow here."""

import contextlib
import json
import os
import re
import socket
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from absl import logging

from dim_tf.system.errors import InputError

VARIABLE = "TF_CONFIG"
_EXAMPLE = (
    '{"cluster": {"worker": ["alpha:2222", "beta:2222"]}, "task": {"type": "worker", "index": 0}}'
)
_HOST_AND_PORT = re.compile(r"(?:\[(?P<ipv6>[^\[\]]+)\]|(?P<host>[^\s:/\[\]]+)):(?P<port>\d{1,5})")
_SERVICE = "grpc://"
# Seconds between two looks for those that are not there yet, and what one may take.
_PAUSE, _PATIENCE = 0.5, 2.0
# Seconds until it is told whom this worker waits for, and until it is told again: those that are
# started together come within some seconds.
_FIRST_TOLD, _TOLD_AGAIN = 10, 60


class Cluster(NamedTuple):
    """The workers of a run; worker 0 is the chief, who writes what is written.

    Attributes:
        addresses: HOST:PORT of each.
        index: of this process among them.
        has_chief: whether the first one is TF_CONFIG's `chief` and not a `worker`.
    """

    addresses: tuple[str, ...]
    index: int
    has_chief: bool = False

    @property
    def is_chief(self) -> bool:
        """Whether this process is worker 0."""
        return self.index == 0

    @property
    def is_alone(self) -> bool:
        """Whether there are no others."""
        return len(self.addresses) == 1

    def index_of(self, job: str, number: int) -> int:
        """The index here of what TensorFlow calls /job:worker/task:0, for example."""
        return number + (job == "worker" and self.has_chief)


ALONE = Cluster(("localhost:0",), 0)


def cluster_of(strategy: str) -> Cluster:
    """The workers of a run by its --strategy; without several, this process alone.

    Raises:
        InputError: multi_worker, and TF_CONFIG does not describe workers; or another strategy, and
            it describes several: each would train by itself.
    """
    text = os.environ.get(VARIABLE, "")
    if strategy == "multi_worker":
        return read_cluster(text)
    try:
        cluster = read_cluster(text)
    except InputError:  # nothing, or of something else
        return ALONE
    if not cluster.is_alone:
        raise InputError(
            f"{VARIABLE} lists {len(cluster.addresses)} workers, and with --strategy={strategy} "
            f"each would train by itself; give --strategy=multi_worker, or unset {VARIABLE}."
        )
    return ALONE


def read_cluster(text: str) -> Cluster:
    """The workers that a TF_CONFIG describes.

    Args:
        text: as TensorFlow reads it: JSON with `cluster`, lists of HOST:PORT under `worker`, with
            one under `chief` before them or not, and `task`, which of them this process is.

    Raises:
        InputError: it does not.
    """
    if not text.strip():
        raise InputError(f"--strategy=multi_worker needs {VARIABLE}; set it like {_EXAMPLE}.")
    try:
        config = json.loads(text)
    except ValueError as error:
        raise InputError(f"{VARIABLE} is not JSON ({error}); set it like {_EXAMPLE}.") from None
    cluster, task = _part(config, "cluster"), _part(config, "task")
    if not cluster.keys() <= {"chief", "worker"} or not cluster:
        raise InputError(
            f"{VARIABLE} names {', '.join(cluster) or 'nobody'} in its cluster; give a list of "
            f"workers like {_EXAMPLE}."
        )
    jobs = [(job, cluster[job]) for job in ("chief", "worker") if job in cluster]
    addresses = tuple(address for _, listed in jobs for address in _addresses(listed))
    if len(set(addresses)) < len(addresses):
        raise InputError(f"{VARIABLE} lists an address twice; give each worker its own HOST:PORT.")
    tasks = [(job, number) for job, listed in jobs for number in range(len(listed))]
    this = task.get("type"), task.get("index")
    if this not in tasks or isinstance(task["index"], bool):
        raise InputError(
            f"{VARIABLE} says that this is {this[0]} {this[1]}, and it lists "
            f"{' and '.join(f'{len(listed)} of {job}' for job, listed in jobs)}; give an index "
            "from 0 to one less."
        )
    return Cluster(addresses, tasks.index(this), "chief" in cluster)


def _part(config: Any, name: str) -> dict[str, Any]:
    part = config.get(name) if isinstance(config, dict) else None
    if not isinstance(part, dict):
        raise InputError(f"{VARIABLE} has no {name}; set it like {_EXAMPLE}.")
    return part


def _addresses(listed: Any) -> list[str]:
    if not isinstance(listed, list) or not listed:
        raise InputError(f"{VARIABLE} lists no addresses; set it like {_EXAMPLE}.")
    for address in listed:
        if not isinstance(address, str) or not _HOST_AND_PORT.fullmatch(address):
            raise InputError(
                f"{VARIABLE} lists {address!r}, which is no address; give HOST:PORT, such as "
                "alpha:2222."
            )
        host_and_port(address)
    return listed


def host_and_port(address: str) -> tuple[str, int]:
    """The two of a HOST:PORT; an IPv6 host stands in brackets.

    Raises:
        InputError: it is none.
    """
    parts = _HOST_AND_PORT.fullmatch(address)
    if not parts or not 0 < int(parts["port"]) < 2**16 or not _is_host(parts["host"]):
        raise InputError(f"{address} is no address; give HOST:PORT with a port from 1 to 65535.")
    return parts["ipv6"] or parts["host"], int(parts["port"])


def _is_host(name: str | None) -> bool:
    """Whether a name can be looked up at all: Python raises of one with an empty part."""
    with contextlib.suppress(UnicodeError):
        (name or "").encode("idna")
        return True
    return False


def wait_for_all(cluster: Cluster, seconds: float) -> None:
    """Waits until every worker has come this far, or is further, and says for whom.

    TensorFlow waits for the others without end, deaf to Ctrl-C, and does not say for whom.

    Raises:
        InputError: some have not come in time, or this worker's port is taken.
    """
    if cluster.is_alone:
        return
    others = {
        f"worker {number} ({address})": address
        for number, address in enumerate(cluster.addresses)
        if number != cluster.index
    }
    with _answering(cluster.addresses[cluster.index]):
        if missing := _wait_for(others, seconds):
            raise InputError(
                f"Worker {cluster.index} waited {seconds:.0f} seconds for {missing}; "
                "start all of them, check that they reach each other, or give a longer "
                "--wait_for_workers, as worker 0 needs that makes a dataset or decoded copies "
                "first."
            )


def wait_for_service(url: str, seconds: float) -> None:
    """Waits until a data service answers, and says that it waits.

    Args:
        url: grpc://HOST:PORT; nothing, and nothing is waited for.
        seconds: at most.

    Raises:
        InputError: it is no such address, or nobody answers in time.
    """
    if not url:
        return
    if not url.startswith(_SERVICE):
        raise InputError(f"--data_service={url} is no address; give {_SERVICE}HOST:PORT.")
    address = url.removeprefix(_SERVICE)
    host_and_port(address)
    if _wait_for({f"the data service {url}": address}, seconds):
        raise InputError(
            f"--data_service={url} has not answered for {seconds:.0f} seconds; start it "
            "(docs/scale.md), or leave the flag out."
        )


def _wait_for(addresses: dict[str, str], seconds: float) -> str:
    """Waits until each of some addresses, by their names, answers; those that do not in time."""
    began, next_told, missing = time.monotonic(), _FIRST_TOLD, list(addresses)
    while missing := [name for name in missing if not answers(addresses[name])]:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        names, waited = ", ".join(missing[:5]) + more, time.monotonic() - began
        if waited > seconds:
            return names
        if waited >= next_told:
            logging.info("Waiting for %s, at most %.0f seconds.", names, seconds - waited)
            next_told = waited + _TOLD_AGAIN
        time.sleep(_PAUSE)
    return ""


def answers(address: str) -> bool:
    """Whether somebody takes a connection at an address."""
    with contextlib.suppress(OSError):
        socket.create_connection(host_and_port(address), timeout=_PATIENCE).close()
        return True
    return False


@contextlib.contextmanager
def _answering(address: str) -> Iterator[None]:
    """Takes connections at this worker's port, as TensorFlow's server will behind the block.

    The kernel does so by itself, up to the length of the queue and again and again.
    """
    port = host_and_port(address)[1]
    family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
    try:
        server = socket.create_server(
            ("", port), family=family, backlog=4096, dualstack_ipv6=family == socket.AF_INET6
        )
    except OSError as error:
        raise InputError(
            f"Port {port} of this machine, which is this worker's in {VARIABLE}, cannot be used "
            f"({error.strerror}); give another port there, to all workers."
        ) from None
    with server:
        yield
