"""Work ahead, in order, and no more of it than there is room for."""

import contextlib
import itertools
import os
import signal
import threading
import time

import pytest

from dim_tf.system.threads import Room, in_order_ahead


def test_results_come_in_order_whatever_takes_longest():
    pauses = [0.05, 0.0, 0.02, 0.0, 0.01]
    results = in_order_ahead(lambda at: (time.sleep(pauses[at]), at)[1], range(5), 3, 4)
    assert list(results) == list(range(5))


def test_an_error_comes_in_the_place_of_its_result():
    results = in_order_ahead(lambda number: 6 // number, [1, 2, 0, 3], 2, 3)
    assert [next(results), next(results)] == [6, 3]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_whoever_takes_slowly_is_not_run_away_from():
    begun = []
    results = in_order_ahead(begun.append, range(20), 2, 4)
    for taken in range(1, 21):
        next(results)
        time.sleep(0.005)
        assert len(begun) <= taken + 3  # the one that was taken, and those begun before it was


def test_closed_early_it_begins_no_more_and_waits_for_what_is_under_way():
    begun, ended = [], []

    def work(number):
        begun.append(number)
        time.sleep(0.02)
        ended.append(number)

    with contextlib.closing(in_order_ahead(work, range(100), 2, 5)) as results:
        next(results)
    assert sorted(ended) == sorted(begun) and len(begun) < 5
    count = len(begun)
    time.sleep(0.05)
    assert len(begun) == count


@pytest.mark.skipif(os.name == "nt", reason="a process cannot be interrupted there by itself")
def test_interrupted_it_tells_those_under_way_before_it_waits_for_them():
    ends, once = threading.Event(), itertools.count()

    def work(_):
        if next(once) == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return ends.wait(10)

    since = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        list(in_order_ahead(work, range(3), 2, 3, at_end=ends.set))
    assert time.monotonic() - since < 8


def test_there_is_room_for_so_much_and_what_is_larger_goes_in_alone():
    room, inside, most, lock = Room(10), [], [], threading.Lock()

    def enter(amount):
        with room.taken(amount):
            with lock:
                inside.append(amount)
                most.append(list(inside))
            time.sleep(0.003)
            with lock:
                inside.remove(amount)

    threads = [threading.Thread(target=enter, args=[amount]) for amount in [4, 25, 3, 3, 8, 2] * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 24
    for together in most:
        assert sum(together) <= 10 or together == [25]
    assert max(len(together) for together in most) > 1
