# SPDX-License-Identifier: Apache-2.0
"""A store that cannot be written: nothing is acknowledged that is not kept, nothing ends the collector,
and the log says what is wrong. Simulated sensors, so that the batches are known."""

import contextlib
import sqlite3
import subprocess

import pytest

import wire
from daemons import COLLECTOR, Collector, wait_until, write_config

EXECS = "SELECT count(*) AS n FROM execs"


@pytest.fixture
def collector(tmp_path, pki):
    collector = Collector(tmp_path, pki)
    yield collector
    if collector.process:
        collector.stop()


@pytest.fixture
def identity(pki):
    return (pki / "sensor.id").read_text(encoding="utf-8").strip()


@pytest.fixture
def small_disk(collector):
    """The store on a disk of 2 MiB."""
    options = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(collector.directory)]
    subprocess.run(options, check=True, timeout=10)
    yield collector.directory
    if collector.process:
        collector.stop()
    subprocess.run(["umount", str(collector.directory)], check=True, timeout=10)


def log_of(collector):
    return collector.process.output()


def is_refused(collector, pki, identity, seq):
    """Whether a batch is answered with "internal" rather than an acknowledgement."""
    try:
        with contextlib.closing(wire.WireSensor(pki, collector.port, identity)) as sensor:
            sensor.say_hello()
            kind, body = sensor.receive()
            if kind == wire.HELLO_ACK:
                sensor.send(wire.execs(seq, 1), seq)
                return sensor.wait_failure()[0] == 6
            return wire.numbers(body)[1] == 6
    except (AssertionError, ConnectionError):
        return False


def store_one(collector, pki, identity, seq):
    """Waits until the collector takes a batch again."""

    def takes():
        try:
            with contextlib.closing(wire.WireSensor(pki, collector.port, identity)) as sensor:
                assert sensor.greet()[0] == seq
                sensor.send(wire.execs(seq, 1), seq)
                sensor.wait_ack(seq)
                return True
        except (AssertionError, ConnectionError):
            return False

    wait_until(takes, 30, f"batch {seq} is stored")


def test_full_disk(collector, small_disk, pki, identity):
    collector.start()
    store_one(collector, pki, identity, 1)
    filler = small_disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb") as file:
        while file.write(b"x" * 4096):
            file.flush()
    assert is_refused(collector, pki, identity, 2)
    assert "disk is full" in log_of(collector)
    assert collector.rows(EXECS)[0]["n"] == 1
    filler.unlink()
    store_one(collector, pki, identity, 2)
    assert collector.rows(EXECS)[0]["n"] == 2


def test_locked_by_somebody_else(collector, pki, identity):
    collector.start()
    store_one(collector, pki, identity, 1)
    other = sqlite3.connect(collector.directory / "yagura.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert is_refused(collector, pki, identity, 2)
    assert "locked" in log_of(collector)
    other.execute("ROLLBACK")
    other.close()
    store_one(collector, pki, identity, 2)


def test_long_reader_hinders_nobody(collector, pki, identity):
    collector.start()
    store_one(collector, pki, identity, 1)
    reader = sqlite3.connect(collector.directory / "yagura.db", isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute(EXECS).fetchone()[0] == 1
    for seq in range(2, 20):
        store_one(collector, pki, identity, seq)
    assert reader.execute(EXECS).fetchone()[0] == 1
    reader.close()
    assert collector.rows(EXECS)[0]["n"] == 19


def test_removed_while_running(collector, pki, identity):
    """What goes to a file without a name is not kept; after a restart the sensor sends it again."""
    collector.start()
    store_one(collector, pki, identity, 1)
    for path in collector.directory.glob("yagura.db*"):
        path.unlink()
    assert is_refused(collector, pki, identity, 2)
    assert "removed or replaced" in log_of(collector)
    collector.stop()
    collector.start()
    with contextlib.closing(wire.WireSensor(pki, collector.port, identity)) as sensor:
        assert sensor.greet()[0] == 1
        sensor.send(wire.execs(2, 1), 2)
        sensor.wait_ack(2)
    hole = collector.wait_row("SELECT * FROM gaps")
    assert (hole["yagura_reason"], hole["yagura_count"]) == ("unexplained", 1)


@pytest.mark.parametrize(
    "damage, said",
    [
        ("PRAGMA user_version = 7", "another version"),
        ("PRAGMA user_version = -1", "another version"),
        (None, "not a database"),
    ],
)
def test_unusable_file_is_said_at_the_start(collector, damage, said):
    path = collector.directory / "yagura.db"
    if damage:
        collector.start()
        collector.stop()
        with contextlib.closing(sqlite3.connect(path)) as store:
            store.execute(damage)
    else:
        path.write_bytes(b"these bytes are no database at all, but there are enough of them " * 100)
    before = path.read_bytes()
    write_config(collector.config, collector.sections)
    answer = subprocess.run([COLLECTOR, "--config", collector.config], capture_output=True, text=True,
                            timeout=20, check=False)
    assert answer.returncode == 1
    assert said in answer.stderr and str(path) in answer.stderr
    assert path.read_bytes() == before


def test_second_collector_on_one_store(collector):
    collector.start()
    collector.sections["listen"]["port"] = 0
    write_config(collector.config, collector.sections)
    answer = subprocess.run([COLLECTOR, "--config", collector.config], capture_output=True, text=True,
                            timeout=20, check=False)
    assert answer.returncode == 1
    assert "in use by another yagura-collector" in answer.stderr
