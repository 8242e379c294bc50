# SPDX-License-Identifier: Apache-2.0
"""At rest, for each class: generated = acknowledged + spooled + in memory + gaps. Each term is
counted where it happens, so the equation can fail, and does when a record is lost unsaid."""

import copy
import json
import subprocess

import pytest

import traffic
from daemons import CLASSES, CTL, wait_until

NUMBERS = range(50)


def test_equation_holds_and_is_not_empty(pair, local_nginx, marker):
    traffic.run(marker, local_nginx.port, NUMBERS)
    traffic.wait_exact(pair.collector, marker, NUMBERS)
    conservation = traffic.wait_conserved(pair.sensor)["conservation"]
    for name in CLASSES:
        assert conservation[name]["generated"] >= len(NUMBERS)
        assert conservation[name]["acked"] > 0


def test_acknowledged_is_what_the_collector_has(pair, local_nginx, marker):
    """Never more rows than acknowledged and still on their way, never fewer than acknowledged."""
    traffic.run(marker, local_nginx.port, NUMBERS)
    traffic.wait_exact(pair.collector, marker, NUMBERS)
    for name in ("exec", "exit"):
        before = pair.sensor.ask_status()["conservation"][name]["acked"]
        rows = pair.collector.rows(f"SELECT count(*) AS n FROM {name}s")[0]["n"]
        after = pair.sensor.ask_status()["conservation"][name]
        assert before <= rows <= after["generated"]


@pytest.mark.parametrize("name", CLASSES)
def test_one_lost_record_breaks_the_equation(pair, name):
    """The positive control of the check itself."""
    status = traffic.wait_conserved(pair.sensor)
    assert traffic.conserved(status)
    lossy = copy.deepcopy(status)
    lossy["conservation"][name]["acked"] -= 1
    assert not traffic.conserved(lossy)


def test_equation_holds_for_who_has_to_be_executed_to_ask(pair):
    """yaguractl is itself an event the daemon has hardly seen yet when it answers."""

    def asks():
        answer = subprocess.run(
            [CTL, "--socket", pair.sensor.socket, "status", "--json"],
            capture_output=True,
            check=True,
            timeout=30,
        )
        return traffic.conserved(json.loads(answer.stdout))

    traffic.wait_conserved(pair.sensor)
    wait_until(asks, 20, "the equation holds in an answer to yaguractl")
