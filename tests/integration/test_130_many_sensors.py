# SPDX-License-Identifier: Apache-2.0
"""Two hundred sensors at once, some of them hostile: the others are served, and memory stays bounded."""

import concurrent.futures
import contextlib
import pathlib
import socket
import ssl
import struct
import threading
import uuid

import pytest

import wire
from daemons import Collector, send_frame, wait_until

COUNT = 200
HOSTILE = 20
MEMORY_KIB_MAX = 192 << 10


@pytest.fixture(scope="module")
def fleet(pki):
    """Names of certificates and the identities in them."""
    members = [(f"fleet-{number}", str(uuid.UUID(int=number + 1))) for number in range(COUNT)]

    def issue(member):
        name, identity = member
        wire.issue(pki, name, "clientAuth", f"URI:spiffe://yagura.test/sensor/{identity}", "fleet")

    wire.request(pki, "fleet")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(issue, members))
    return members


@pytest.fixture
def collector(tmp_path, pki):
    collector = Collector(tmp_path, pki)
    collector.sections["limits"] = {"connections": COUNT + 50}
    collector.start()
    yield collector
    collector.stop()


def memory_kib(collector):
    status = pathlib.Path(f"/proc/{collector.process.pid}/status").read_text(encoding="ascii")
    return max(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


def stored(collector):
    """How many executions of each sensor are in the store."""
    found = collector.rows("SELECT yagura_sensor, count(*) AS n FROM execs GROUP BY 1")
    return {row["yagura_sensor"]: row["n"] for row in found}


def connect(stack, pki, collector, member):
    sensor = wire.WireSensor(pki, collector.port, member[1], member[0], "fleet")
    stack.callback(sensor.close)
    return sensor


def greet_all(sensors, wanted):
    """All say hello before the first is answered: answers wait for a commit."""
    for sensor in sensors:
        sensor.say_hello()
    for sensor in sensors:
        assert sensor.wait_hello() == wanted


def one_round(sensors, seq):
    """A batch of each, then an acknowledgement for each."""
    for number, sensor in enumerate(sensors):
        sensor.send(wire.execs(number * 100 + seq, 1), seq)
    for sensor in sensors:
        sensor.wait_ack(seq)


def in_background(stack, run):
    """Until the stack ends; what the collector does to it is not this thread's concern."""
    ended = threading.Event()

    def work():
        with contextlib.suppress(OSError, ssl.SSLError, ConnectionError):
            run(ended)

    thread = threading.Thread(target=work)
    stack.callback(thread.join)
    stack.callback(ended.set)
    thread.start()


def flood(sensor):
    payload, raw_bytes = wire.deflate(wire.execs(1, 1000))

    def run(ended):
        seq = 1
        while not ended.is_set():
            for seq in range(seq, seq + 20):
                send_frame(sensor.stream, wire.frame_of(payload, raw_bytes, seq))
            sensor.wait_ack(seq)
            seq += 1

    return run


def byte_by_byte(sensor):
    """A frame of 5 MiB that never ends."""

    def run(ended):
        sensor.stream.sendall(struct.pack(">I", 5 << 20))
        while not ended.is_set():
            sensor.stream.sendall(b"\x1a")

    return run


def never_reads(sensor):
    frame = wire.frame_of(b"x", 1, 1)

    def run(ended):
        while not ended.is_set():
            send_frame(sensor.stream, frame)

    return run


def test_the_others_do_not_suffer(collector, pki, fleet):
    with contextlib.ExitStack() as stack:
        for _ in range(HOSTILE):  # never a word of TLS
            stack.callback(socket.create_connection(("127.0.0.1", collector.port)).close)
        hostile = [connect(stack, pki, collector, member) for member in fleet[:HOSTILE]]
        good = [connect(stack, pki, collector, member) for member in fleet[HOSTILE:]]
        greet_all(hostile + good, [1, 1])
        store = wire.execs(1, 1)
        hostile[2].send(store, 1)  # what it then repeats is known and acknowledged each time
        for sensor in hostile[3:]:  # most of a frame, then silence
            sensor.stream.sendall(struct.pack(">I", 1 << 20) + bytes(900_000))
        for number, attack in enumerate((flood, byte_by_byte, never_reads)):
            in_background(stack, attack(hostile[number]))
        for seq in range(1, 6):
            one_round(good, seq)
        assert memory_kib(collector) < MEMORY_KIB_MAX
    wait_until(lambda: all(stored(collector).get(identity) == 5 for _, identity in fleet[HOSTILE:]), 60,
               "what was acknowledged is in the store")


def test_all_come_back_at_once(collector, pki, fleet):
    """Again and again; each is replaced by itself and goes on where it was."""
    for seq in range(1, 4):
        with contextlib.ExitStack() as stack:
            sensors = [connect(stack, pki, collector, member) for member in fleet]
            greet_all(sensors, [seq, 1])
            one_round(sensors, seq)
            if seq == 3:  # the old connections still stand
                again = [connect(stack, pki, collector, member) for member in fleet[:40]]
                greet_all(again, [seq + 1, 1])
                assert sensors[0].wait_failure()[0] == 5
    everything = {identity: 3 for _, identity in fleet}
    wait_until(lambda: stored(collector) == everything, 60, "what was acknowledged is in the store")
    gone = "SELECT count(*) AS n FROM sensors WHERE connected = 1"
    wait_until(lambda: collector.rows(gone)[0]["n"] == 0, 15, "all are gone")
    assert memory_kib(collector) < MEMORY_KIB_MAX
