"""What a run of several workers says of TF_CONFIG, of the others, and of its data service."""

import json
import re
import socket
import threading

import numpy as np
import pytest

from dim_tf.system.errors import InputError
from dim_tf.training import cluster, workers
from dim_tf.training.cluster import (
    Cluster,
    cluster_of,
    read_cluster,
    wait_for_all,
    wait_for_service,
)
from dim_tf.training.workers import Workers
from tests.advice.provoking import refused
from tests.training.worker_processes import free_ports, tf_config

TWO = ["alpha:2222", "beta:2222"]
EXAMPLE = re.compile(r"it like (\{.*\})\.$")


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "--strategy=multi_worker needs {}; set it like {}."),
        ("worker", "{} is not JSON ({}); set it like {}."),
        ("{}", "{} has no {}; set it like {}."),
        (tf_config([], 0), "{} lists no addresses; set it like {}."),
    ],
)
def test_tf_config_is_set_like_the_example(text, advice):
    sentence = refused(advice, read_cluster, text)
    assert read_cluster(EXAMPLE.search(sentence)[1]) == Cluster(tuple(TWO), 0)


def test_workers_are_listed():
    advice = "{} names {} in its cluster; give a list of workers like {}."
    text = json.dumps({"cluster": {"ps": TWO}, "task": {"type": "ps", "index": 0}})
    sentence = refused(advice, read_cluster, text)
    assert read_cluster(re.search(r"like (\{.*\})\.$", sentence)[1]).addresses == tuple(TWO)


def test_addresses_are_hosts_with_ports():
    sentence = refused(
        "{} lists {}, which is no address; give HOST:PORT, such as alpha:2222.",
        read_cluster,
        tf_config(["alpha"], 0),
    )
    assert read_cluster(tf_config([re.search(r"such as (.*)\.$", sentence)[1]], 0)).is_alone
    advice = "{} is no address; give HOST:PORT with a port from 1 to 65535."
    refused(advice, read_cluster, tf_config(["alpha:65536"], 0))
    assert read_cluster(tf_config(["alpha:65535"], 0)).is_alone
    advice = "{} lists an address twice; give each worker its own HOST:PORT."
    refused(advice, read_cluster, tf_config(["alpha:1", "alpha:1"], 0))
    assert len(read_cluster(tf_config(["alpha:1", "alpha:2"], 0)).addresses) == 2


def test_the_index_is_one_of_the_workers():
    advice = "{} says that this is {} {}, and it lists {}; give an index from 0 to one less."
    sentence = refused(advice, read_cluster, tf_config(TWO, 2))
    one_less = int(re.search(r"lists (\d+) of worker", sentence)[1]) - 1
    assert read_cluster(tf_config(TWO, one_less)).index == one_less


def test_workers_that_would_train_by_themselves_are_refused(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", tf_config(TWO, 1))
    advice = (
        "{} lists {} workers, and with --strategy={} each would train by itself; give "
        "--strategy=multi_worker, or unset {}."
    )
    sentence = refused(advice, cluster_of, "mirrored")
    (flag,) = re.findall(r"give --strategy=(\w+)", sentence)
    assert cluster_of(flag).index == 1
    for text in (tf_config(TWO[:1], 0), '{"cluster": {"ps": ["alpha:1"]}}', "of something else"):
        monkeypatch.setenv("TF_CONFIG", text)
        assert cluster_of("default").is_alone
    monkeypatch.delenv("TF_CONFIG")
    assert cluster_of("default").is_alone


def test_all_are_started_or_waited_for_longer():
    addresses = tuple(f"localhost:{port}" for port in free_ports(2))
    advice = (
        "Worker {} waited {} seconds for {}; start all of them, check that they reach each "
        "other, or give a longer --wait_for_workers, as worker 0 needs that makes a dataset "
        "or decoded copies first."
    )
    refused(advice, wait_for_all, Cluster(addresses, 0), 0.0)
    port, servers = int(addresses[1].partition(":")[2]), []
    threading.Timer(0.2, lambda: servers.append(socket.create_server(("", port)))).start()
    wait_for_all(Cluster(addresses, 0), 20)
    servers[0].close()


def test_another_port_is_given(monkeypatch):
    ports = free_ports(3)
    advice = (
        "Port {} of this machine, which is this worker's in {}, cannot be used ({}); give another "
        "port there, to all workers."
    )
    with socket.create_server(("", ports[0])):
        cluster_with = [Cluster((f"localhost:{port}", "localhost:1"), 0) for port in ports[:2]]
        refused(advice, wait_for_all, cluster_with[0], 0.0)
        monkeypatch.setattr(cluster, "answers", lambda address: True)
        wait_for_all(cluster_with[1], 0.0)


def test_all_get_the_same_flags(monkeypatch):
    """As worker 1 sees it; the sum over both is that of two processes."""
    chief = {"seed": 1, "devices": 2}

    def told_to(own):
        this = Workers(Cluster(tuple(TWO), 1), None)
        monkeypatch.setattr(this, "strategy", type("", (), {"num_replicas_in_sync": 2}))
        versions = {"tensorflow": workers.tf.__version__, "dim_tf": workers.__version__}
        monkeypatch.setattr(this, "from_chief", lambda value: chief | versions)
        monkeypatch.setattr(this, "_sum", lambda array: array)
        this.check_alike(own)

    advice = "{}; give all workers the same flags, data and versions."
    sentence = refused(advice, told_to, {"seed": 2})
    assert sentence.startswith("worker 1 has seed=2 and worker 0 has seed=1; ")
    told_to({"seed": int(re.search(r"worker 0 has seed=(\d+)", sentence)[1])})


def test_the_chief_hears_of_another_ones_flags(monkeypatch):
    this = Workers(Cluster(tuple(TWO), 0), type("", (), {"num_replicas_in_sync": 2}))
    monkeypatch.setattr(this, "from_chief", lambda value: value())
    monkeypatch.setattr(this, "_sum", lambda array: array + np.array([0, 1]))
    with pytest.raises(InputError, match="Worker 1 was not started like worker 0; give all"):
        this.check_alike({"seed": 1})


def test_a_data_service_has_an_address_and_is_started():
    advice = "--data_service={} is no address; give {}HOST:PORT."
    sentence = refused(advice, wait_for_service, "localhost:5050", 0.0)
    (port,) = free_ports(1)
    url = re.search(r"give (\S+)HOST:PORT", sentence)[1] + f"localhost:{port}"
    advice = "--data_service={} has not answered for {} seconds; start it (docs/scale.md), or leave"
    refused(advice, wait_for_service, url, 0.0)
    with socket.create_server(("", port)):
        wait_for_service(url, 0.0)
    wait_for_service("", 0.0)
