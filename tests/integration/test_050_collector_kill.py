# SPDX-License-Identifier: Apache-2.0
"""The collector is killed in the middle and started again: everything once, nothing twice."""

import traffic

NUMBERS = range(300)


def test_everything_arrives_once(pair, local_nginx, marker):
    def kill_and_restart():
        pair.collector.kill()
        pair.collector.start()

    traffic.run(marker, local_nginx.port, NUMBERS, {100: kill_and_restart, 200: kill_and_restart})
    traffic.wait_exact(pair.collector, marker, NUMBERS)
    assert pair.sensor.ask_status()["ship"]["connects"] >= 3
    traffic.wait_conserved(pair.sensor)


def test_mark_is_durable_with_the_rows(pair, local_nginx, marker):
    """Killed again and again at once after rows have appeared: still each one once."""
    for number in range(10):
        traffic.one(marker, number, local_nginx.port)
        pair.collector.wait_rows(1, traffic.EXECS, f"%{marker}-{number:04}.%")
        pair.collector.kill()
        pair.collector.start()
    traffic.wait_exact(pair.collector, marker, range(10))
