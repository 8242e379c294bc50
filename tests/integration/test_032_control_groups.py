# SPDX-License-Identifier: Apache-2.0
"""Every execution names its control group, however the worker came to know the name."""

import subprocess
import time

from daemons import wait_until

EXEC = "SELECT * FROM execs WHERE process_pid = ? AND process_args LIKE ?"


def start_in(cgroup, words, executable):
    return subprocess.Popen(
        words, executable=executable, preexec_fn=cgroup.enter, stdin=subprocess.DEVNULL
    )


def recorded_group(pair, cgroup, marker):
    """What the record of a program that has just been run there says."""
    process = start_in(cgroup, [marker], "/bin/true")
    process.wait(30)
    row = pair.collector.wait_row(EXEC, process.pid, f"%{marker}%")
    assert row["yagura_cgroup_id"] == cgroup.path.stat().st_ino
    return row["yagura_cgroup"]


def is_named(pair, cgroup, marker):
    return (recorded_group(pair, cgroup, marker) or "").endswith(f"/{cgroup.path.name}")


def test_a_group_made_while_we_watch_is_named(pair, cgroup, marker):
    assert is_named(pair, cgroup, marker)


def test_a_new_worker_knows_groups_told_before_it(pair, cgroup, marker):
    """Empty by then, so that no list of processes can name it: it is in the journal."""
    assert is_named(pair, cgroup, marker)
    pair.sensor.kill_worker()
    wait_until(lambda: pair.sensor.is_ready("connected"), 20, "the new worker is connected")
    assert is_named(pair, cgroup, marker)


def test_a_group_that_was_empty_at_the_start_is_named(stopped_pair, cgroup, marker):
    """Made before the sensor: neither told of when it was made, nor by any list of processes."""
    stopped_pair.start()
    time.sleep(1)  # the list at the start has been read
    assert is_named(stopped_pair, cgroup, marker)
