# SPDX-License-Identifier: Apache-2.0
"""Start, status, stop: what is promised of them, and nothing left in the kernel afterwards."""

import json
import pathlib
import signal
import subprocess

import pytest

from daemons import CLASSES, CTL, wait_until

STATUS_KEYS = {"sensor", "kernel", "probes", "counters", "conservation", "ship", "budget"}
EQUATION = {"generated", "acked", "spooled", "in_memory", "gaps"}
PROGRAM_PREFIX = "yagura_"
NAME_BYTES = 15  # of a program, as older kernels and tools show them


def listed(kind):
    answer = subprocess.run(
        ["bpftool", "--json", kind, "list"], capture_output=True, text=True, check=True, timeout=30
    )
    return json.loads(answer.stdout)


def our_programs():
    """Kernel ids of the loaded programs that carry our prefix."""
    return {p["id"] for p in listed("prog") if p.get("name", "").startswith(PROGRAM_PREFIX)}


def links_of(programs):
    return {link["id"] for link in listed("link") if link.get("prog_id") in programs}


def test_status_says_what_is_promised(pair):
    status = pair.sensor.status()
    assert STATUS_KEYS <= status.keys()
    assert status["sensor"]["id"] == pair.sensor.sections["sensor"]["id"]
    assert status["ship"]["state"] == "connected"
    assert {"release", "tiers", "missing"} <= status["kernel"].keys()
    for name in CLASSES:
        assert EQUATION <= status["conservation"][name].keys()
    unavailable = {p["name"]: p for p in status["probes"] if p["state"] != "attached"}
    assert unavailable.keys() == set(status["kernel"]["missing"])
    assert all(p["reason"] for p in unavailable.values())


def test_status_says_what_the_kernel_lacks(pair):
    """What no program serves, and what stands in for the best one, each with the reason; the
    programs it names are those that the kernel has loaded."""
    status = pair.sensor.status()
    attached = [p for p in status["probes"] if p["state"] == "attached"]
    replaced = {(r["probe"], r["replaced_by"]) for r in status["kernel"]["replaced"]}
    assert replaced == {(p["name"], p["program"]) for p in attached if p["reason"]}
    assert all(r["reason"].startswith("no ") for r in status["kernel"]["replaced"])
    loaded = {p["name"][:NAME_BYTES] for p in listed("prog") if p.get("name")}
    assert attached and {p["program"][:NAME_BYTES] for p in attached} <= loaded


def test_status_for_people(pair):
    answer = subprocess.run(
        [CTL, "--socket", pair.sensor.socket, "status"], capture_output=True, text=True, timeout=20
    )
    assert answer.returncode == 0, answer.stderr
    assert "connected" in answer.stdout
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.stdout)


def test_session_is_what_is_promised(pair):
    row = pair.collector.wait_row("SELECT * FROM sensors")
    assert row["yagura_sensor"] == pair.sensor.sections["sensor"]["id"]
    assert row["tls_version"] == "TLSv1.3"
    assert row["connected"] == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop_leaves_nothing_in_the_kernel(stopped_pair, number):
    pair, others = stopped_pair, our_programs()
    pair.start()
    before = our_programs() - others
    programs = {p["program"] for p in pair.sensor.status()["probes"] if p["program"]}
    # The kernel keeps 15 characters; bpftool takes the rest from the program's BTF, if it can.
    loaded = {p["name"] for p in listed("prog") if p["id"] in before}
    unlisted = {name for name in programs if name not in loaded and name[:15] not in loaded}
    assert programs and not unlisted, "what status names is what the kernel lists"
    assert links_of(before), "links are listed while it runs"

    worker = pair.sensor.worker_pid()
    pair.sensor.stop(number)  # asserts exit status 0

    # The kernel frees programs a moment after their last user has gone.
    wait_until(lambda: not (our_programs() & before), 10, "no program is left")
    assert not links_of(before)
    assert not pathlib.Path(f"/proc/{worker}").exists()
    assert not pair.sensor.socket.exists()


def test_collector_stops_on_sigint(pair):
    pair.collector.stop(signal.SIGINT)  # asserts exit status 0


def test_without_daemon_ctl_says_what_to_do(stopped_pair):
    answer = subprocess.run(
        [CTL, "--socket", stopped_pair.sensor.socket, "status"],
        capture_output=True, text=True, timeout=20,
    )
    assert answer.returncode == 1
    assert str(stopped_pair.sensor.socket) in answer.stderr


def test_unknown_command_is_refused(pair):
    answer = subprocess.run(
        [CTL, "--socket", pair.sensor.socket, "no-such-command"],
        capture_output=True, text=True, timeout=20,
    )
    assert answer.returncode != 0
    assert "no-such-command" in answer.stderr
