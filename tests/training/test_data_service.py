"""A run whose examples a tf.data service makes."""

import signal
import subprocess
import sys
import threading

import pytest
import tensorflow as tf

from dim_tf.config import with_values
from dim_tf.model.run_folder import list_checkpoints
from dim_tf.system.errors import InputError
from dim_tf.training.cluster import wait_for_service
from tests.training.run_files import losses_of, train_as
from tests.training.worker_processes import free_ports

service = tf.data.experimental.service


def start_service(workers):
    dispatcher = service.DispatchServer()
    return dispatcher, [
        service.WorkerServer(service.WorkerConfig(dispatcher.target.partition("://")[2]))
        for _ in range(workers)
    ]


@pytest.mark.slow
def test_a_data_service_with_two_workers_is_refused_and_one_goes_on(finished, tmp_path):
    config = with_values(finished, run_dir=str(tmp_path / "run"), checkpoint_every=1)
    dispatcher, workers = start_service(2)
    with pytest.raises(InputError, match="gave other examples than were due; start it anew, with"):
        # Both workers make all examples; how soon one comes twice is up to them.
        train_as(with_values(config, steps=1000, data_service=dispatcher.target))
    done = len(losses_of(config.run.run_dir))
    del workers
    dispatcher, workers = start_service(1)
    train_as(with_values(config, steps=done + 2, data_service=dispatcher.target))
    assert len(losses_of(config.run.run_dir)) == done + 2
    # From its beginning it is the run without a service.
    anew = with_values(finished, run_dir=str(tmp_path / "anew"), data_service=dispatcher.target)
    train_as(anew)
    assert losses_of(anew.run.run_dir) == losses_of(finished.run.run_dir)
    del workers


SERVICE = """
import sys
import tensorflow as tf
service = tf.data.experimental.service
port, other = map(int, sys.argv[1:])
dispatcher = service.DispatchServer(service.DispatcherConfig(port=port))
worker = service.WorkerServer(
    service.WorkerConfig(f"localhost:{port}", worker_address=f"localhost:{other}", port=other)
)
worker.join()
"""


@pytest.mark.slow
@pytest.mark.parametrize("frozen", [False, True])
def test_a_data_service_that_is_gone_is_told_and_the_run_goes_on_with_a_new_one(
    finished, tmp_path, frozen
):
    """Killed; or it takes connections and gives nothing, and the run is asked to stop."""
    run = tmp_path / "run"

    def begin_service():
        """Each at an address of its own: in this process the last one's examples are waited for."""
        ports = free_ports(2)
        url = f"grpc://localhost:{ports[0]}"
        process = subprocess.Popen([sys.executable, "-c", SERVICE, *map(str, ports)])
        wait_for_service(url, 60)
        return process, {"data_service": url}

    def spoil():
        while not list_checkpoints(run):
            ended.wait(0.01)
        if frozen:
            process.send_signal(signal.SIGSTOP)
            ended.wait(3)
            signal.raise_signal(signal.SIGTERM)
        else:
            process.kill()

    (process, flag), ended = begin_service(), threading.Event()
    config = with_values(finished, run_dir=str(run), checkpoint_every=1, steps=100_000, **flag)
    spoiler = threading.Thread(target=spoil)
    spoiler.start()
    try:
        if frozen:
            assert train_as(config).stopped_by == signal.SIGTERM
        else:
            sentence = (
                r"gives no examples any more \(.*\); the last checkpoint, of step \d+, is intact\. "
                "Start it anew, with one worker, and the same command goes on"
            )
            with pytest.raises(InputError, match=sentence):
                train_as(config)
        done = len(losses_of(run))
        process.kill()
        process.wait()
        process, flag = begin_service()
        train_as(with_values(config, steps=done + 2, **flag))
        assert len(losses_of(run)) == done + 2
    finally:
        ended.set()
        process.kill()
        process.wait()
        spoiler.join()
