# SPDX-License-Identifier: Apache-2.0
"""Certificates that must not do, at either end: each end says why, and nothing is stored."""

import pytest

import wire
from daemons import wait_until

PAST = ("-days", "0")  # ended as it began; OpenSSL 3.5 refuses to sign an end before the start


def last_error(sensor):
    return sensor.ask_status()["ship"]["last_error"]


def use(daemon, section, pki, name):
    daemon.sections[section] |= {"certificate": pki / f"{name}.crt", "key": pki / "refused.key"}


@pytest.mark.parametrize(
    "name, usage, alt_names, valid, said",
    [
        ("localhost", "serverAuth", "IP:192.0.2.1", ("-days", "2"), "hostname mismatch"),
        ("expired", "serverAuth", "DNS:localhost", PAST, "certificate has expired"),
        ("client", "clientAuth", "DNS:localhost", ("-days", "2"), "purpose"),
    ],
)
def test_collector_nobody_should_trust(stopped_pair, pki, name, usage, alt_names, valid, said):
    """The first has the right common name, which is whatever its owner asked for."""
    collector, sensor = stopped_pair.collector, stopped_pair.sensor
    wire.request(pki, "refused", common_name="localhost")
    wire.issue(pki, name, usage, alt_names, "refused", valid)
    use(collector, "tls", pki, name)
    collector.start()
    sensor.start(state=None)
    wait_until(lambda: said in last_error(sensor), 10, f"the sensor says: {said}")
    assert collector.rows("SELECT * FROM sensors") == []


def test_sensor_that_has_expired(stopped_pair, pki):
    collector, sensor = stopped_pair.collector, stopped_pair.sensor
    identity = sensor.sections["sensor"]["id"]
    wire.request(pki, "refused")
    wire.issue(pki, "old", "clientAuth", f"URI:spiffe://yagura.test/sensor/{identity}", "refused", PAST)
    use(sensor, "collector", pki, "old")
    collector.start()
    sensor.start(state=None)
    wait_until(lambda: "certificate has expired" in collector.process.output(), 10, "the collector says why")
    wait_until(lambda: "expired" in last_error(sensor), 10, "the sensor is told")
    assert "has expired; renew it" in sensor.process.output()
    assert collector.rows("SELECT * FROM sensors") == []
