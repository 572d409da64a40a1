"""A run whose examples a tf.data service makes."""

import pytest
import tensorflow as tf

from dim_tf.config import with_values
from dim_tf.system.errors import InputError
from tests.training.run_files import losses_of, train_as

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
