# SPDX-License-Identifier: Apache-2.0
"""No collector for a while: records wait on disk, over a restart of the sensor too, and all arrive."""

import traffic
from daemons import Sensor, wait_until

NUMBERS = range(60)


def spooled(sensor):
    return sum(terms["spooled"] for terms in sensor.ask_status()["conservation"].values())


def test_collector_comes_later(stopped_pair, local_nginx, marker):
    stopped_pair.sensor.start(state=None)
    traffic.run(marker, local_nginx.port, NUMBERS)
    wait_until(lambda: spooled(stopped_pair.sensor) >= 3 * len(NUMBERS), 15, "all is spooled")
    stopped_pair.collector.start()
    traffic.wait_exact(stopped_pair.collector, marker, NUMBERS)
    assert traffic.wait_conserved(stopped_pair.sensor)["conservation"]["exec"]["acked"] >= len(NUMBERS)


def test_sensor_restarts_meanwhile(stopped_pair, local_nginx, marker):
    """What one run has spooled, the next one ships, after what it has seen itself or before."""
    sensor = stopped_pair.sensor
    sensor.start(state=None)
    traffic.run(marker, local_nginx.port, NUMBERS[:30])
    sensor.stop()
    sensor.start(state=None)
    traffic.run(marker, local_nginx.port, NUMBERS[30:])
    stopped_pair.collector.start()
    traffic.wait_exact(stopped_pair.collector, marker, NUMBERS)


def test_collector_goes_and_comes(pair, local_nginx, marker):
    traffic.run(marker, local_nginx.port, NUMBERS[:20])
    pair.collector.stop()
    traffic.run(marker, local_nginx.port, NUMBERS[20:40])
    pair.collector.start()
    traffic.run(marker, local_nginx.port, NUMBERS[40:])
    traffic.wait_exact(pair.collector, marker, NUMBERS)


def test_stop_ships_what_is_left(pair, local_nginx, marker):
    """The last records before a stop, flows of that moment included, are at the collector after it."""
    traffic.run(marker, local_nginx.port, range(5))
    pair.sensor.stop()
    traffic.wait_exact(pair.collector, marker, range(5), seconds=5)


def test_spool_only(tmp_path, pki, local_nginx, marker):
    """Without a collector in its configuration the sensor keeps all, and says that shipping is off."""
    sensor = Sensor(tmp_path, pki, None)
    sensor.start(state="off")
    try:
        traffic.run(marker, local_nginx.port, range(20))
        wait_until(lambda: spooled(sensor) >= 60, 15, "all is spooled")
        assert traffic.wait_conserved(sensor)["conservation"]["exec"]["acked"] == 0
    finally:
        sensor.stop()
