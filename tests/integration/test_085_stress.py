# SPDX-License-Identifier: Apache-2.0
"""Under a storm of known size, for each class: generated = delivered + counted lost, exactly, in the
sensor's books and in the collector's; also when most is lost."""

import contextlib
import os
import signal
import socket

import pytest

import traffic
from conftest import Pair
from daemons import BIN, CLASSES, wait_until
from storm import settle, stored, unaccounted

EXECS, EXITS, CONNECTIONS = 800, 800, 4000
# Datagrams join as ("udp", N): two flows each.
STORMS = (("exec", EXECS), ("exit", EXITS), ("tcp", CONNECTIONS))
EXPECTED = {"exec": EXECS, "exit": EXECS + EXITS, "flow": 2 * CONNECTIONS}
TINY = {"ring_valuable_bytes": "64K", "ring_bulk_bytes": "64K"}
TESTS = BIN.parent / "tests"


@pytest.fixture
def make_pair(tmp_path, pki, cgroup):
    """A pair whose sensor watches the connections of the storm alone. (Processes are the host's.)"""
    with contextlib.ExitStack() as stack:

        def make(binary=None, **kernel):
            pair = Pair(tmp_path, pki)
            pair.sensor.sections["kernel"] = {"cgroup": cgroup.path, **kernel}
            pair.sensor.binary = binary or pair.sensor.binary
            stack.callback(pair.stop)
            pair.start()
            return pair

        yield make


def run_storms(cgroup, marker):
    """All of them, one after the other; what they say they made, by class."""
    made = dict.fromkeys(CLASSES, 0)
    for what, count in STORMS:
        for name, events in cgroup.run(what, count, marker).items():
            made[name] += events
    assert made == EXPECTED
    return made


def check_books(pair, made):
    """At rest. Returns by class what was lost."""
    status, found = settle(pair)
    assert unaccounted(status) == dict.fromkeys(CLASSES, 0), status["conservation"]
    for name in CLASSES:
        terms, (rows, missing) = status["conservation"][name], found[name]
        assert rows + missing == terms["generated"], (name, found, terms)
        assert (rows, missing) == (terms["acked"], terms["gaps"]), (name, found, terms)
        counted = sum(status["counters"][f"{why}_{name}"] for why in ("lost", "throttled"))
        assert missing == counted, (name, found, status["counters"])
        assert terms["generated"] >= made[name], (name, terms)
    # Nobody else connects in the storm's control group.
    assert status["conservation"]["flow"]["generated"] == made["flow"]
    print(f"made {made}, (stored, lost) {found}")
    return {name: found[name][1] for name in CLASSES}


def marked_rows(pair, marker):
    """How many of the storm's own executions and exits arrived."""
    return [
        len(pair.collector.rows(query, f"%{marker}%")) for query in (traffic.EXECS, traffic.EXITS)
    ]


def test_only_the_control_group_is_counted(make_pair, cgroup):
    """Not connections elsewhere either that are older than the sensor, and are found as it starts."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        older = socket.create_connection(listener.getsockname())
        accepted, _ = listener.accept()
        pair = make_pair()
        older.close()
        accepted.close()
    made = cgroup.run("tcp", 5)
    settle(pair)
    executables = [row["process_executable"] for row in pair.collector.rows("SELECT * FROM flows")]
    assert [path.endswith("/storm") for path in executables] == [True] * made["flow"], executables


def test_roomy_rings_lose_nothing(make_pair, cgroup, marker):
    pair = make_pair()
    lost = check_books(pair, run_storms(cgroup, marker))
    assert lost == dict.fromkeys(CLASSES, 0)
    assert marked_rows(pair, marker) == [EXECS, EXECS]


def test_tiny_rings_lose_and_say_so(make_pair, cgroup, marker):
    pair = make_pair(**TINY)
    made = run_storms(cgroup, marker)
    lost = check_books(pair, made)
    assert lost["flow"] > 0, "the rings were small enough"
    execs, exits = marked_rows(pair, marker)
    assert EXECS - lost["exec"] <= execs <= EXECS
    assert EXECS - lost["exit"] <= exits <= EXECS


def test_stopped_worker_loses_and_says_so(make_pair, cgroup, marker):
    """Nobody reads: what does not fit the rings is lost, and what does is delivered afterwards."""
    pair = make_pair(**TINY)
    with pair.sensor.stopped_worker():
        made = run_storms(cgroup, marker)
    lost = check_books(pair, made)
    for name in CLASSES:
        assert lost[name] > made[name] / 2, "most is lost"
    assert stored(pair.collector)["flow"][0] > 0


def test_stopped_worker_with_room_loses_nothing(make_pair, cgroup, marker):
    """The rings hold what comes while nobody reads."""
    pair = make_pair()
    with pair.sensor.stopped_worker():
        made = run_storms(cgroup, marker)
    assert check_books(pair, made) == dict.fromkeys(CLASSES, 0)


def test_stopped_collector_loses_nothing(make_pair, cgroup, marker):
    """What is not acknowledged waits on disk."""
    pair = make_pair()
    os.kill(pair.collector.process.pid, signal.SIGSTOP)
    try:
        made = run_storms(cgroup, marker)
    finally:
        os.kill(pair.collector.process.pid, signal.SIGCONT)
    assert check_books(pair, made) == dict.fromkeys(CLASSES, 0)


@pytest.mark.parametrize("place", ["worker", "kernel"])
def test_a_record_lost_unsaid_is_seen(make_pair, cgroup, place):
    """The positive control: a sensor that loses the first record of each class and counts it
    nowhere. It is the product, linked or compiled with a fault; see tests/support/programs.mk."""
    pair = make_pair(TESTS / f"yagurad-lossy-{place}")
    cgroup.run("exec", 20)
    cgroup.run("tcp", 20)
    one_each = dict.fromkeys(CLASSES, 1)
    wait_until(
        lambda: unaccounted(pair.sensor.ask_status()) == one_each, 20, "one of each is missing"
    )
    status, found = settle(pair)
    assert unaccounted(status) == one_each
    assert found["flow"] == (39, 0)
    assert status["conservation"]["flow"]["generated"] == 40
