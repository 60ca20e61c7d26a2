"""A port for a server that cannot choose one itself, such as another program."""

import random
import socket

__all__ = ["free_port"]

_PORTS = range(20_000, 32_000)
"""Below the ports that Linux, macOS and Windows give to whoever asks for any port."""


def free_port(wanted: int = 0) -> int:
    """A port of 127.0.0.1 that is free, and that no server which asks for any port is given.

    Args:
        wanted: The port to prefer, if it is free.
    """
    for port in [wanted] * bool(wanted) + random.sample(_PORTS, 100):
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
    raise AssertionError("no port is free")
