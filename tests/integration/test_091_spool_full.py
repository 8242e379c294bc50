# SPDX-License-Identifier: Apache-2.0
"""Offline with less room than records, and the worker killed meanwhile: what gave way is counted, to
the record, over all the workers there were."""

import os
import subprocess

import traffic
from daemons import wait_until

EXECUTIONS = 900
KILL_EVERY = 150


def test_what_gives_way_is_counted_over_kills(stopped_pair, marker):
    sensor = stopped_pair.sensor
    sensor.sections["spool"] = {"bytes_max": "1M", "segment_bytes": "64K"}
    sensor.start(state=None)
    for number in range(EXECUTIONS):
        subprocess.run(["/bin/true", marker, os.urandom(3000).hex()], check=True, timeout=30)
        if number % KILL_EVERY == KILL_EVERY - 1:
            sensor.kill_worker()
    wait_until(lambda: sensor.is_ready(None), 20, "the last worker answers")
    gaps = traffic.wait_conserved(sensor)["conservation"]["exec"]["gaps"]
    assert gaps > 0, "the spool was never full"

    stopped_pair.collector.start()
    wait_until(lambda: sensor.is_ready("connected"), 20, "the sensor is connected")
    traffic.wait_conserved(sensor)
    query = """SELECT coalesce(sum(yagura_count), 0) AS n FROM gaps
      WHERE yagura_reason = 'spool_full' AND yagura_record_class = 'exec'"""
    wait_until(lambda: stopped_pair.collector.rows(query)[0]["n"] > 0, 20, "the centre is told")
