"""Eight threads get to the bit what one gets."""

import os
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from PIL import Image

import dim_tf
from dim_tf.library import kept
from dim_tf.matting import predict
from dim_tf.pictures.picture import read_picture
from tests.library.conftest import MASK, PHOTO, SOFT, TRIMAP, save

THREADS = 8
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.fixture
def no_model_kept():
    kept._loaded.cache_clear()
    yield
    kept._loaded.cache_clear()


@pytest.fixture
def calls(network):
    """Calls of every kind on photos of more sizes than a thread of the network keeps."""
    network["post_process"] = "affinity"
    made = []
    for number, height in enumerate(range(40, 90, 8)):
        photo, mask = PHOTO[:height], MASK[:height]
        file = save(f"photo{number}.{'jpg' if number % 2 else 'png'}", photo, exif_of(number))
        upright = np.rot90(mask, -1) if exif_of(number) == 6 else mask
        opened = Image.open(file)
        made += [
            lambda file=file, mask=upright: dim_tf.matte(file, mask, **network),
            lambda photo=photo, height=height: dim_tf.matte(
                photo, trimap=TRIMAP[:height], bits=16, **network
            ),
            lambda opened=opened: dim_tf.trimap(opened, rectangle="auto"),
            lambda file=file, height=height: dim_tf.trimap(
                file, SOFT[:height], trimap_kernel=9, mask_orientation="as_photo"
            ),
        ]
    return made


def exif_of(number):
    return 6 if number % 3 == 2 else 1


def in_threads(calls):
    """What each call gives, all of them twice over, by threads that begin at once."""
    begin = threading.Barrier(THREADS)

    def start():
        begin.wait()

    with ThreadPoolExecutor(THREADS, initializer=start) as pool:
        return [np.asarray(made) for made in pool.map(lambda call: call(), [*calls, *calls])]


def test_mattes_and_trimaps(calls, no_model_kept, monkeypatch):
    loaded = []
    load_model = predict.load_model
    monkeypatch.setattr(
        predict, "load_model", lambda *given, **more: loaded.append(1) or load_model(*given, **more)
    )
    together = in_threads(calls)
    assert len(loaded) == 1
    one_by_one = [np.asarray(call()) for call in calls]
    assert len(loaded) == 1
    for made, expected in zip(together, [*one_by_one, *one_by_one], strict=True):
        assert made.dtype == expected.dtype
        np.testing.assert_array_equal(made, expected)


def test_cut_outs(network):
    photo = cv2.resize(PHOTO, None, fx=3, fy=3)
    mask = cv2.resize(MASK, None, fx=3, fy=3)
    calls = [
        lambda height=height: dim_tf.cutout(photo[:height], mask[:height], **network)
        for height in range(200, 240, 10)
    ]
    one_by_one = [call() for call in calls]
    for made, expected in zip(in_threads(calls), [*one_by_one, *one_by_one], strict=True):
        np.testing.assert_array_equal(made, expected)


def test_what_is_said_of_damaged_files(capfd):
    """What libraries say is held back, for one thread at a time, and stderr is there again."""
    save("photo.jpg", PHOTO)
    content = open("photo.jpg", "rb").read()  # noqa: SIM115, PTH123
    middle = len(content) // 2
    with open("damaged.jpg", "wb") as file:  # noqa: PTH123
        file.write(content[:middle] + content[-2:])

    def call(number):
        name = "damaged.jpg" if number % 2 else "photo.jpg"
        try:
            return dim_tf.trimap(name, MASK).shape
        except dim_tf.InputError as error:
            return str(error)

    with ThreadPoolExecutor(THREADS) as pool:
        said = list(pool.map(call, range(40)))
    assert said[::2] == [(90, 120)] * 20
    assert set(said[1::2]) == {"damaged.jpg is damaged: a part of the picture is missing (JPEG)."}
    os.write(2, b"still there\n")
    assert capfd.readouterr().err == "still there\n"


def test_reading_in_a_thread_leaves_the_warnings_of_others_alone(tmp_path):
    """Filters of warnings are the whole process's."""
    photo = save("filters.png", PHOTO)
    stop = threading.Event()

    def read():
        while not stop.is_set():
            read_picture(photo)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for _ in range(200):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                for _ in range(20):
                    warnings.warn("a note", stacklevel=1)
            assert len(caught) == 20
        assert ("ignore", None, Warning, None, 0) not in warnings.filters
    finally:
        stop.set()
        reader.join()
