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


def take(collector, pki, identity, seq, count=1):
    """Sends batch `seq` and returns what it was answered with: "stored" or "refused"."""
    with contextlib.closing(wire.WireSensor(pki, collector.port, identity)) as sensor:
        sensor.say_hello()
        kind, body = sensor.receive()
        if kind == wire.HELLO_ACK:
            sensor.send(wire.execs(seq, count), seq)
            kind, body = sensor.receive()
        if kind == wire.FAILURE:
            assert wire.numbers(body)[1] == 6, body
            return "refused"
        assert (kind, wire.numbers(body)[2]) == (wire.ACK, seq), (kind, body)
        return "stored"


def store_one(collector, pki, identity, seq):
    """Waits until the collector takes a batch again."""

    def takes():
        try:
            return take(collector, pki, identity, seq) == "stored"
        except ConnectionError:
            return False

    wait_until(takes, 30, f"batch {seq} is stored")


def wait_stored(collector, count):
    """Each batch is in the store, and none twice."""
    wait_until(lambda: collector.rows(EXECS)[0]["n"] >= count, 60, f"{count} rows")
    pids = collector.rows("SELECT process_pid FROM execs ORDER BY process_pid")
    assert [row["process_pid"] for row in pids] == list(range(1, count + 1))


def test_full_disk(collector, small_disk, pki, identity):
    """What the log has no room for is refused; what it has taken comes into the store later."""
    collector.start()
    store_one(collector, pki, identity, 1)
    wait_stored(collector, 1)
    filler = small_disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb") as file:
        while file.write(b"x" * 4096):
            file.flush()
    seq = 2
    while take(collector, pki, identity, seq) == "stored":  # the file's last page has room left
        seq += 1
        assert seq < 200
    assert "writing the log failed: No space left on device" in log_of(collector)
    filler.unlink()
    store_one(collector, pki, identity, seq)
    wait_stored(collector, seq)


def test_locked_by_somebody_else(collector, pki, identity):
    """The sink waits, nobody else: batches are taken and come into the store once it is free."""
    collector.start()
    store_one(collector, pki, identity, 1)
    wait_stored(collector, 1)
    other = sqlite3.connect(collector.directory / "yagura.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for seq in range(2, 6):
        assert take(collector, pki, identity, seq) == "stored"
    wait_until(lambda: "locked" in log_of(collector), 30, "the log says what is wrong")
    other.execute("ROLLBACK")
    other.close()
    wait_stored(collector, 5)


def test_long_reader_hinders_nobody(collector, pki, identity):
    collector.start()
    store_one(collector, pki, identity, 1)
    wait_stored(collector, 1)
    reader = sqlite3.connect(collector.directory / "yagura.db", isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute(EXECS).fetchone()[0] == 1
    for seq in range(2, 20):
        store_one(collector, pki, identity, seq)
    wait_stored(collector, 19)
    assert reader.execute(EXECS).fetchone()[0] == 1
    reader.close()


def test_removed_while_running(collector, pki, identity):
    """What would go to a file without a name goes to a new one, with all that the log still holds."""
    collector.start()
    store_one(collector, pki, identity, 1)
    wait_stored(collector, 1)
    for path in collector.directory.glob("yagura.db*"):
        path.unlink()
    store_one(collector, pki, identity, 2)
    wait_until(lambda: "removed or replaced" in log_of(collector), 30, "the log says what is wrong")
    wait_until(lambda: "sqlite: works again" in log_of(collector), 30, "there is a new file")
    wait_stored(collector, 2)
    assert collector.rows("SELECT * FROM gaps") == []


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
