# SPDX-License-Identifier: Apache-2.0
"""Events by the thousand, of which it is known how many, in a control group of their own."""

import contextlib
import json
import os
import pathlib
import subprocess
import time
import uuid

from daemons import CLASSES, ROOT, end_with_parent, wait_until

STORM = ROOT / "build" / "tests" / "storm"
STORM_SECONDS = 60
DELIVERED = "SELECT count(*) AS n FROM {}s"


def cgroup2_mount():
    """Where the unified hierarchy is mounted; the kernel gives the mounts of this namespace."""
    for line in pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        place, _, filesystem = line.partition(" - ")
        if filesystem.startswith("cgroup2 "):
            return pathlib.Path(place.split()[4])
    raise AssertionError("no cgroup2 is mounted")


class Cgroup:
    """A control group without limits: only to tell apart what runs in it."""

    def __init__(self):
        self.path = cgroup2_mount() / f"yagura-check-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self.path.mkdir()

    def enter(self):
        """Runs in the child, before it executes anything."""
        end_with_parent()
        (self.path / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")

    def run(self, what, count, marker=""):
        """How many events of which class were made."""
        answer = subprocess.run(
            [STORM, what, str(count), marker],
            preexec_fn=self.enter, capture_output=True, text=True, timeout=STORM_SECONDS, check=False,
        )
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)

    def remove(self):
        """Empty a moment after the last process was waited for."""
        wait_until(self.is_removed, 10, f"{self.path} is empty")

    def is_removed(self):
        with contextlib.suppress(OSError):
            self.path.rmdir()
        return not self.path.exists()


def unaccounted(status):
    """By class: what was generated and is nowhere."""
    terms = ("acked", "spooled", "in_memory", "gaps")
    classes = status["conservation"]
    return {name: classes[name]["generated"] - sum(classes[name][t] for t in terms) for name in CLASSES}


def is_at_rest(status):
    """Everything is acknowledged: nothing waits in memory or on disk, gaps neither."""
    waiting = sum(status["conservation"][name][t] for name in CLASSES for t in ("spooled", "in_memory"))
    lanes = status["ship"]["lanes"].values()
    return not waiting and all(lane["acked_seq"] + 1 == lane["next_seq"] for lane in lanes)


def stored(collector):
    """By class: (rows, records that gaps account for)."""
    return {
        name: (collector.rows(DELIVERED.format(name))[0]["n"], collector.missing(name))
        for name in CLASSES
    }


def books_at_rest(pair):
    """(status, stored) of a moment in which nothing moved; None when something did, as anything may
    run on this host."""
    before = pair.sensor.ask_status()
    if not is_at_rest(before):
        return None
    pair.collector.wait_stored()
    found = stored(pair.collector)
    after = pair.sensor.ask_status()
    return (after, found) if after["conservation"] == before["conservation"] else None


def settle(pair, seconds=40):
    """The books once all of the storm has gone through. The first look comes after the losses of the
    last moment were noticed, once a second."""
    time.sleep(1.2)
    return wait_until(lambda: books_at_rest(pair), seconds, "nothing moves")
