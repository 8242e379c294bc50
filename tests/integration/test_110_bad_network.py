# SPDX-License-Identifier: Apache-2.0
"""Connections that break at any byte, a collector and a worker that are killed meanwhile: in the end
every record is stored once."""

import threading

import pytest

import traffic
from daemons import Collector, Sensor, wait_until
from proxy import Proxy

NUMBERS = range(200)
NUMBERS_MAX = 3000
CUTS_WANTED = 10


@pytest.fixture
def cut_pair(tmp_path, pki):
    """Collector, proxy, sensor."""
    collector = Collector(tmp_path, pki)
    proxy = Proxy(collector.port, seed=7)
    sensor = Sensor(tmp_path, pki, proxy.port)
    sensor.sections["collector"] |= {"backoff_min_ms": 20, "backoff_max_ms": 100}
    sensor.sections["batch"]["records"] = 20
    collector.start()
    sensor.start(state=None)
    yield collector, proxy, sensor
    proxy.is_bad = False
    try:
        sensor.stop()
    finally:
        proxy.close()
        collector.stop()


def test_every_record_once_over_cut_connections(cut_pair, local_nginx, marker):
    collector, proxy, sensor = cut_pair
    numbers = NUMBERS
    traffic.run(marker, local_nginx.port, numbers)
    while proxy.cuts < CUTS_WANTED:  # it cuts by bytes: on a quiet host only our own traffic makes any
        assert len(numbers) < NUMBERS_MAX, f"only {proxy.cuts} connections were cut"
        traffic.one(marker, len(numbers), local_nginx.port)
        numbers = range(len(numbers) + 1)
    proxy.is_bad = False
    traffic.wait_exact(collector, marker, numbers)
    traffic.wait_conserved(sensor)
    assert collector.rows("SELECT count(*) AS n FROM gaps")[0]["n"] == 0


def test_and_with_a_collector_that_is_killed(cut_pair, local_nginx, marker):
    """Fifty times while batches come in; nothing is lost, nothing stored twice."""
    collector, proxy, sensor = cut_pair
    done = threading.Event()

    def work():
        try:
            traffic.run(marker, local_nginx.port, NUMBERS)
        finally:
            done.set()

    worker = threading.Thread(target=work)
    worker.start()
    kills = 0
    while kills < 50 or not done.is_set():
        collector.kill()
        collector.start()
        done.wait(proxy.random.random() / 5)
        kills += 1
        if kills % 20 == 0:
            sensor.kill_worker()
    worker.join()
    proxy.is_bad = False
    wait_until(lambda: sensor.is_ready("connected"), 30, "all is well again")
    for name in traffic.QUERIES:
        wait_until(
            lambda name=name: len(traffic.Found(collector, name, marker, NUMBERS).missing)
            <= collector.missing(name),
            30,
            f"{name}: none unsaid",
        )
        found = traffic.Found(collector, name, marker, NUMBERS)
        assert not found.twice and not found.strange, (name, found.twice, found.strange)
    assert collector.rows("SELECT * FROM gaps WHERE yagura_reason = 'unexplained'") == []
    traffic.wait_conserved(sensor)
