# SPDX-License-Identifier: Apache-2.0
"""What the loads have in common: a server that listens, a client whose run is measured."""

import contextlib
import pathlib
import subprocess
import time
from typing import NamedTuple

from world import Broken

from daemons import Process, wait_until

LISTEN = "0A"  # the state, in /proc/net/tcp
PATIENCE_SECONDS = 120


class Work(NamedTuple):
    """What a client did."""

    count: int  # requests, connections, processes or bytes
    rate: float  # of them a second, as the client itself says
    cpu_ns: int  # that both ends took for it


def listens(pid, port):
    """In the network namespace of that process."""
    lines = pathlib.Path(f"/proc/{pid}/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    states = (line.split()[1:4] for line in lines)
    return any(local.endswith(f":{port:04X}") and state == LISTEN for local, _, state in states)


@contextlib.contextmanager
def server(world, port, *command):
    """Runs while the block does."""
    process = Process(world.server.command(*command), world.scratch / "server.log")

    def ready():
        if not process.is_running():
            raise Broken(f"{command[0]} ended: {process.output()}")
        return listens(process.pid, port)

    try:
        wait_until(ready, 10, f"{command[0]} listens")
        yield process
    finally:
        process.stop()


def wait_client(client, sample):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return client.communicate(timeout=0.1)[0]
        except subprocess.TimeoutExpired:
            if time.monotonic() > deadline:
                raise
        sample()


def run_client(world, command, sample):
    """Its output and the CPU time both ends took; `sample` is called again and again meanwhile."""
    before_ns = world.cpu_ns()
    client = subprocess.Popen(world.client.command(*command), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True)
    try:
        output = wait_client(client, sample)
    except subprocess.TimeoutExpired:
        raise Broken(f"{command[0]} does not end") from None
    finally:
        client.kill()  # nothing, once it has ended
        client.wait()
    if client.returncode != 0:
        raise Broken(f"{command[0]} ended with {client.returncode}: {output}")
    return output, world.cpu_ns() - before_ns


def number(pattern, output, name):
    """The number that a client printed."""
    found = pattern.search(output)
    if not found:
        raise Broken(f"{name} says something else: {output}")
    return float(found[1])
