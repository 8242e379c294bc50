# SPDX-License-Identifier: Apache-2.0
"""The state directory's file system is full: sensing goes on, it is said once, and when there is room
again nothing has been lost."""

import os
import subprocess

import pytest

import traffic
from daemons import wait_until

EXECUTIONS = 400
FULL = "cannot write: No space left on device"
AGAIN = "info spool: it goes again"


@pytest.fixture
def small_disk(stopped_pair):
    directory = stopped_pair.sensor.directory / "state"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "none", directory], check=True)
    yield directory
    stopped_pair.sensor.stop()
    subprocess.run(["umount", directory], check=True)


def test_full_disk_loses_nothing_that_the_rings_hold(stopped_pair, small_disk, marker):
    sensor = stopped_pair.sensor
    sensor.sections["spool"] = {"bytes_max": "8M", "segment_bytes": "64K"}
    sensor.start(state=None)
    for number in range(EXECUTIONS):
        subprocess.run(["/bin/true", f"{marker}-{number:04}.", os.urandom(2000).hex()], check=True)
    wait_until(lambda: FULL in sensor.process.output(), 20, "the full disk is named")
    assert AGAIN not in sensor.process.output()

    subprocess.run(["mount", "-o", "remount,size=16m", small_disk], check=True)
    wait_until(lambda: AGAIN in sensor.process.output(), 20, "there is room again")
    assert sensor.process.output().count(FULL) <= 2, "once a lane is enough"
    stopped_pair.collector.start()
    wait_until(lambda: sensor.is_ready("connected"), 20, "the sensor is connected")
    stopped_pair.collector.wait_rows(EXECUTIONS, traffic.EXECS, f"%{marker}-%", seconds=30)
    assert not any(traffic.wait_conserved(sensor)["conservation"][c]["gaps"] for c in ("exec", "exit"))


def test_stop_on_a_full_disk_says_that_records_are_lost(stopped_pair, small_disk, marker):
    """The rings end with the keeper: what they hold and cannot be written is not lost unsaid."""
    sensor = stopped_pair.sensor
    sensor.sections["spool"] = {"bytes_max": "8M", "segment_bytes": "64K"}
    sensor.start(state=None)
    for number in range(EXECUTIONS):
        subprocess.run(["/bin/true", f"{marker}-{number:04}.", os.urandom(2000).hex()], check=True)
    wait_until(lambda: FULL in sensor.process.output(), 20, "the full disk is named")
    process = sensor.take_process()
    assert process.stop() == 1
    assert "events that could not be written; they are lost" in process.output()
