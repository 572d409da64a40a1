"""TF_CONFIG, and waiting for the others."""

import json
import socket
import threading
import time

import pytest

from dim_tf.system.errors import InputError
from dim_tf.training import cluster
from dim_tf.training.cluster import (
    Cluster,
    answers,
    cluster_of,
    read_cluster,
    wait_for_all,
    wait_for_service,
)
from tests.training.worker_processes import free_ports, tf_config

TWO = ["alpha:2222", "beta:2222"]


def config_with(cluster, task):
    return json.dumps({"cluster": cluster, "task": task})


def test_workers_are_read_in_their_order():
    assert read_cluster(tf_config(TWO, 1)) == Cluster(tuple(TWO), 1)
    assert read_cluster(tf_config(["[::1]:2222"], 0)).addresses == ("[::1]:2222",)


def test_a_chief_comes_first():
    cluster = {"chief": ["alpha:2222"], "worker": ["beta:2222", "gamma:2222"]}
    chief = read_cluster(config_with(cluster, {"type": "chief", "index": 0}))
    assert chief.is_chief and chief.addresses == ("alpha:2222", "beta:2222", "gamma:2222")
    worker = read_cluster(config_with(cluster, {"type": "worker", "index": 1}))
    assert worker.index == worker.index_of("worker", 1) == 2 and not worker.is_chief
    assert read_cluster(tf_config(TWO, 0)).index_of("worker", 1) == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "multi_worker needs TF_CONFIG"),
        ("worker", "TF_CONFIG is not JSON"),
        ("[]", "TF_CONFIG has no cluster"),
        ('{"cluster": {"worker": ["a:1"]}}', "TF_CONFIG has no task"),
        (config_with({}, {}), "names nobody in its cluster"),
        (config_with({"ps": TWO}, {}), "names ps in its cluster"),
        (config_with({"worker": []}, {}), "lists no addresses"),
        (config_with({"worker": "alpha:2222"}, {}), "lists no addresses"),
        (config_with({"worker": ["alpha"]}, {}), "lists 'alpha', which is no address"),
        (config_with({"worker": [1]}, {}), "lists 1, which is no address"),
        (config_with({"worker": ["alpha:0"]}, {}), "alpha:0 is no address"),
        (config_with({"worker": ["alpha:99999"]}, {}), "alpha:99999 is no address"),
        (config_with({"worker": ["alpha..example:2222"]}, {}), "example:2222 is no address"),
        (config_with({"worker": [f"{'a' * 64}.example:2222"]}, {}), "example:2222 is no address"),
        (tf_config(TWO[:1] * 2, 0), "lists an address twice"),
        (tf_config(TWO, 2), "this is worker 2, and it lists 2 of worker; give an index from 0"),
        (tf_config(TWO, -1), "this is worker -1"),
        (tf_config(TWO, "0"), "this is worker 0"),
        (tf_config(TWO, True), "this is worker True"),
        (config_with({"worker": TWO}, {"type": "chief", "index": 0}), "this is chief 0"),
        (config_with({"worker": TWO}, {"type": [], "index": {}}), "this is"),
    ],
)
def test_a_bad_tf_config_is_a_sentence(text, sentence):
    with pytest.raises(InputError) as told:
        read_cluster(text)
    assert sentence in str(told.value) and "\n" not in str(told.value)


def test_tf_config_counts_for_several_workers_only(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", "worker")
    assert cluster_of("mirrored").is_alone and cluster_of("default").is_chief
    with pytest.raises(InputError):
        cluster_of("multi_worker")


def test_all_wait_for_the_last_one():
    addresses = tuple(f"localhost:{port}" for port in free_ports(3))
    came = {}

    def come(index):
        wait_for_all(Cluster(addresses, index), 20)
        came[index] = time.monotonic()
        # As TensorFlow's server does then.
        with socket.create_server(("", int(addresses[index].partition(":")[2]))):
            time.sleep(3)

    threads = [threading.Thread(target=come, args=(index,)) for index in range(3)]
    for thread in threads[:2]:
        thread.start()
    time.sleep(0.5)
    assert not came
    last = time.monotonic()
    threads[2].start()
    for thread in threads:
        thread.join()
    assert len(came) == 3 and min(came.values()) > last


def test_a_worker_that_never_comes_is_named():
    addresses = tuple(f"localhost:{port}" for port in free_ports(2))
    with pytest.raises(InputError, match=f"worker 1 \\({addresses[1]}\\); start all of them"):
        wait_for_all(Cluster(addresses, 0), 0.1)
    with pytest.raises(InputError, match=r"waited 0 seconds for worker 1 \(no\.such\.host\.:1\)"):
        wait_for_all(Cluster((addresses[0], "no.such.host.:1"), 0), 0.1)
    assert not answers(addresses[0])  # what it listened on is closed


@pytest.fixture
def told(monkeypatch):
    """What is logged."""
    sentences = []
    monkeypatch.setattr(
        cluster.logging, "info", lambda text, *values: sentences.append(text % values)
    )
    return sentences


def test_for_whom_a_worker_waits_is_told_soon_and_each_minute(monkeypatch, told):
    """Of three others one is there; the clock goes 20 seconds from look to look."""
    addresses = tuple(f"localhost:{port}" for port in free_ports(4))
    monkeypatch.setattr(cluster, "_PAUSE", 0)
    monkeypatch.setattr(cluster.time, "monotonic", iter(range(0, 1000, 20)).__next__)
    with (
        socket.create_server(("", int(addresses[2].rpartition(":")[2]))),
        pytest.raises(InputError, match=r"waited 150 seconds for worker 1 .*, worker 3 "),
    ):
        wait_for_all(Cluster(addresses, 0), 150)
    names = f"worker 1 ({addresses[1]}), worker 3 ({addresses[3]})"
    assert told == [f"Waiting for {names}, at most {seconds} seconds." for seconds in (130, 70, 10)]


def test_that_a_data_service_is_waited_for_is_told(monkeypatch, told):
    (port,) = free_ports(1)
    monkeypatch.setattr(cluster, "_PAUSE", 0)
    monkeypatch.setattr(cluster.time, "monotonic", iter(range(0, 100, 6)).__next__)
    with pytest.raises(InputError, match="has not answered for 20 seconds"):
        wait_for_service(f"grpc://localhost:{port}", 20)
    assert told == [f"Waiting for the data service grpc://localhost:{port}, at most 8 seconds."]


def test_a_port_that_is_taken_is_a_sentence():
    ports = free_ports(2)
    addresses = tuple(f"localhost:{port}" for port in ports)
    with (
        socket.create_server(("", ports[0])),
        pytest.raises(InputError, match=f"Port {ports[0]} of this machine"),
    ):
        wait_for_all(Cluster(addresses, 0), 0.1)
