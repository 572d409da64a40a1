"""What dies instead of the process that computes. It is started often, so it imports little."""

import os
import signal


def die_while_loading(connection, *arguments):
    """Says that it is there, and is killed as by a system that has no memory left."""
    connection.send_bytes(b'{"kind": "hello"}')
    os.kill(os.getpid(), signal.SIGKILL)
