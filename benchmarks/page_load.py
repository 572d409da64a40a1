"""The page under load: how long answers take, how soon work stops, how much memory it needs.

    python benchmarks/page_load.py
    python benchmarks/page_load.py large

start `dim-tf page` with the shipped weights and ask it, the second about a photo of 12 megapixels
and how soon work on it stops; Linux, with httpx installed. Print seconds, milliseconds and
megabytes of this machine.
"""

import contextlib
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import cv2
import httpx
import numpy as np

from dim_tf.pictures.writing import encode_png

ASSETS = Path(__file__).resolve().parents[1] / "dim_tf" / "assets"
# Width and height of the large photo: 12 megapixels.
LARGE = 4000, 3000


def main():
    started = time.monotonic()
    program = subprocess.Popen(
        [sys.executable, "-m", "dim_tf", "page", "--port=0", "--nobrowser"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        address = program.stdout.readline().split()[4]
        measure(program.pid, httpx.Client(base_url=address, timeout=300), started)
    finally:
        program.send_signal(signal.SIGINT)
        program.communicate()


def measure(pid, client, started):
    client.get("/")
    told("first answer", time.monotonic() - started, "s")
    photo = (ASSETS / "sample_rgb.png").read_bytes()
    mask = (ASSETS / "sample_mask.png").read_bytes()
    files = {"photo": ("p", photo), "mask": ("m", mask)}
    post(client, files, output="trimap")
    told("first trimap, while the network loads", time.monotonic() - started, "s")
    wait_for(lambda: client.get("/api/status").json()["model"] == "ready")
    told("network loaded", time.monotonic() - started, "s")
    told_memory("idle", pid)
    shape = cv2.imread(str(ASSETS / "sample_rgb.png")).shape
    kernels = iter(range(9, 1000, 2))  # another trimap each time: nothing is kept
    if "large" in sys.argv:
        large_photo(client, photo, mask, pid, kernels)
        return
    print(f"photo of {shape[1]}×{shape[0]}:")
    told("  trimaps a second", 20 / timed(lambda: post(client, files, output="trimap"), 20))
    told("  matte", timed(lambda: post(client, files, trimap_kernel=next(kernels)), 5) / 5, "s")
    post(client, files)
    told("  the same matte again", timed(lambda: post(client, files), 5) / 5 * 1000, "ms")
    latency(client, files, kernels)
    at_once(client, files, pid)
    print("killed in the middle:")
    os.kill(computing(pid), signal.SIGKILL)
    begun = time.monotonic()
    post(client, files, output="trimap")
    told("  next trimap", time.monotonic() - begun, "s")
    post(client, files)
    told("  next matte", time.monotonic() - begun, "s")


def large_photo(client, photo, mask, pid, kernels):
    large = {name: ("f", scaled(content)) for name, content in (("photo", photo), ("mask", mask))}
    print(f"photo of {LARGE[0]}×{LARGE[1]}:")
    seen = {"photo": large["photo"]}
    told("  as it is seen", timed(lambda: post(client, seen, "/api/photo"), 1), "s")
    told("  matte", timed(lambda: post(client, large), 1), "s")
    told("  its cut-out then", timed(lambda: post(client, large, output="cutout"), 1), "s")
    told_memory("  after it", pid)
    for step in ("network", "colours", "cutout"):
        stopped(client, large, step, pid, next(kernels))


def scaled(content):
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    picture = cv2.resize(picture, LARGE, interpolation=cv2.INTER_CUBIC)
    return encode_png(picture if picture.ndim == 2 else picture[..., ::-1])


def post(client, files, path="/api/matte", **query):
    answer = client.post(path, files=files, params=query)
    assert answer.status_code in (200, 429), answer.text
    return answer


def latency(client, files, kernels):
    """How long GET / takes while the network computes."""
    done = threading.Event()

    def work():
        for _ in range(4):
            post(client, files, trimap_kernel=next(kernels))
        done.set()

    threading.Thread(target=work).start()
    took = []
    while not done.is_set():
        took.append(timed(lambda: client.get("/"), 1) * 1000)
        time.sleep(0.01)
    took.sort()
    told(f"  GET / meanwhile, median of {len(took)}", statistics.median(took), "ms")
    told("  GET / meanwhile, slowest of a hundred", took[int(len(took) * 0.99)], "ms")


def at_once(client, files, pid):
    """32 mattes at once, each sent away is sent again until it is answered."""
    statuses, begun = [], time.monotonic()

    def work(number):
        with httpx.Client(base_url=client.base_url, timeout=300) as own:
            while True:
                status = post(own, files, trimap_kernel=9 + 2 * (number % 8)).status_code
                statuses.append(status)
                if status == 200:
                    return
                time.sleep(0.5)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told("  32 mattes at once, all answered after", time.monotonic() - begun, "s")
    print(f"    {statuses.count(200)} answered, sent away meanwhile {statuses.count(429)} times")
    told_memory("  after them", pid)


def stopped(client, files, step, pid, kernel):
    """How soon the next one is worked on after a request was broken off at a step."""
    before = computing(pid)
    request = httpx.Client(base_url=client.base_url, timeout=300)
    query = {"output": "cutout", "trimap_kernel": kernel, "request": f"stopped-{step}"}

    def work():
        with contextlib.suppress(httpx.HTTPError):
            request.post("/api/matte", files=files, params=query)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()

    def state():
        return client.get(f"/api/requests/stopped-{step}").json()

    wait_for(lambda: state().get("step") == step and state().get("state") == "working")
    time.sleep(0.3)
    broken = time.monotonic()
    # Its socket, at which httpx waits in another thread.
    (connection,) = request._transport._pool._connections
    connection._connection._network_stream._sock.shutdown(2)
    wait_for(lambda: "state" not in state())
    told(f"  broken off at {step!r}: the work ended after", time.monotonic() - broken, "s")
    begun = time.monotonic()
    post(client, {"photo": files["photo"]}, "/api/photo")
    killed = "killed and started anew" if computing(pid) != before else "by itself"
    told(f"    {killed}; the next request took", time.monotonic() - begun, "s")
    wait_for(lambda: client.get("/api/status").json()["model"] == "ready")


def timed(function, times):
    begun = time.monotonic()
    for _ in range(times):
        function()
    return time.monotonic() - begun


def wait_for(holds):
    while not holds():
        time.sleep(0.02)


def computing(pid):
    """The process that computes."""
    for number in children(pid):
        with contextlib.suppress(OSError):
            if "spawn_main" in Path(f"/proc/{number}/cmdline").read_text():
                return number
    return None


def children(pid):
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(number) for thread in threads for number in thread.read_text().split()]


def told_memory(when, pid):
    for name, number in (("server", pid), ("computing", computing(pid))):
        status = Path(f"/proc/{number}/status").read_text()
        now, most = (
            int(status.partition(f"{field}:")[2].split()[0]) / 1000 for field in ("VmRSS", "VmHWM")
        )
        print(f"{when}: {name} {now:.0f} MB, at most {most:.0f} MB")


def told(what, number, unit=""):
    print(f"{what}: {number:.3g} {unit}".rstrip(), flush=True)


if __name__ == "__main__":
    main()
