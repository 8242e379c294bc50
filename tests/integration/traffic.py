# SPDX-License-Identifier: Apache-2.0
"""Numbered commands and transfers, and how many of each the collector has: exactly, or not."""

import concurrent.futures
import subprocess
import threading

from daemons import wait_until

# What is counted, as a query for one text column that holds the marker and the number.
EXECS = """SELECT process_args AS text FROM execs
  WHERE process_executable LIKE '%/true' AND process_args LIKE ?"""
EXITS = """SELECT process_args AS text FROM exits
  WHERE process_executable LIKE '%/true' AND process_args LIKE ?"""
FLOWS = """SELECT process_args AS text FROM flows
  WHERE yagura_final = 1 AND network_direction = 'egress'
    AND process_executable LIKE '%/curl' AND process_args LIKE ?"""
QUERIES = {"exec": EXECS, "exit": EXITS, "flow": FLOWS}


def one(marker, number, port):
    """One /bin/true and one curl, each with the marker and its number in its arguments."""
    name = f"{marker}-{number:04}."
    subprocess.run(["/bin/true", name], check=True, timeout=30)
    url = f"http://127.0.0.1:{port}/{name}"
    subprocess.run(["curl", "-s", "-o", "/dev/null", url], check=True, timeout=30)


def run(marker, port, numbers, at=None):
    """All of them in order; `at` maps numbers to what is done when they are reached, meanwhile."""
    actions = at or {}
    reached = {number: threading.Event() for number in actions}

    def commands():
        for number in numbers:
            if number in reached:
                reached[number].set()
            one(marker, number, port)

    # The commands go to the other thread: a daemon belongs to the thread that started it (it is
    # told to stop when that ends), so the actions must stay in this one.
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        done = pool.submit(commands)
        for number in sorted(actions):
            assert reached[number].wait(60), f"number {number} was not reached"
            actions[number]()
        done.result()


class Found:
    """What of the numbers arrived for one class, and what twice."""

    def __init__(self, collector, record_class, marker, numbers):
        texts = [row["text"] for row in collector.rows(QUERIES[record_class], f"%{marker}-%")]
        expected = {f"{marker}-{number:04}." for number in numbers}
        seen = [name for text in texts for name in [text[text.index(marker) :][: len(marker) + 6]]]
        self.missing = expected - set(seen)
        self.twice = {name for name in seen if seen.count(name) > 1}
        self.strange = set(seen) - expected


def wait_exact(collector, marker, numbers, seconds=30):
    """Each class has each number once: all, none twice."""
    for name in QUERIES:
        wait_until(
            lambda name=name: not Found(collector, name, marker, numbers).missing,
            seconds,
            f"every {name} record has arrived",
        )
        found = Found(collector, name, marker, numbers)
        assert not found.twice and not found.strange, (name, found.twice, found.strange)


def conserved(status):
    """Whether the equation holds for each class in one status."""
    return all(
        terms["generated"] == sum(terms[t] for t in ("acked", "spooled", "in_memory", "gaps"))
        for name, terms in status["conservation"].items()
        if name in QUERIES
    )


def wait_conserved(sensor, seconds=20):
    """The status in which the equation holds; asked often, as anything may run on this host."""
    statuses = []

    def holds():
        statuses[:] = [sensor.ask_status()]
        return conserved(statuses[0])

    try:
        wait_until(holds, seconds)
    except AssertionError:
        raise AssertionError(f"never in balance: {statuses[0]['conservation']}") from None
    return statuses[0]
