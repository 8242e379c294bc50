# SPDX-License-Identifier: Apache-2.0
"""The worker is killed in the middle: the keeper starts another, and every record is either there
once or said to be missing."""

import json
import os
import signal
import socket
import subprocess
import time

import pytest

import traffic
from daemons import SENSOR, Process, wait_until, write_config
from hello import Listener, python_hello

NUMBERS = range(300)


def accounted(collector, name, marker):
    found = traffic.Found(collector, name, marker, NUMBERS)
    return len(found.missing) <= collector.missing(name)


def test_every_record_is_there_or_accounted_for(pair, local_nginx, marker):
    kills = {number: pair.sensor.kill_worker for number in (80, 150, 220)}
    traffic.run(marker, local_nginx.port, NUMBERS, kills)
    wait_until(lambda: pair.sensor.is_ready("connected"), 20, "the last worker is connected")
    assert pair.sensor.ask_status()["sensor"]["worker_restarts"] == len(kills)

    for name in traffic.QUERIES:
        wait_until(
            lambda name=name: accounted(pair.collector, name, marker), 30, f"{name}: none unsaid"
        )
        found = traffic.Found(pair.collector, name, marker, NUMBERS)
        assert not found.twice and not found.strange, (name, found.twice, found.strange)
    traffic.wait_conserved(pair.sensor)


def test_new_worker_knows_who_ran_before_it(pair, marker):
    """A connection made under the old worker and ended under the new one keeps its owner."""
    script = "import socket, sys; s = socket.create_connection(('127.0.0.1', int(sys.argv[1]))); s.recv(1)"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        words = ["/usr/bin/python3", "-c", script, str(port), marker]
        client = subprocess.Popen(words)
        connection, peer = listener.accept()
        pair.collector.wait_rows(1, "SELECT * FROM execs WHERE process_args LIKE ?", f"%{marker}%")
        pair.sensor.kill_worker()
        wait_until(lambda: pair.sensor.is_ready("connected"), 20, "the new worker is connected")
        connection.close()
        client.wait(10)
    row = pair.collector.wait_row(
        "SELECT * FROM flows WHERE network_direction = 'egress' AND source_port = ? AND destination_port = ?",
        peer[1], port,
    )
    assert row["process_pid"] == client.pid
    assert json.loads(row["process_args"]) == words


def test_keeper_that_is_killed_takes_its_worker_along(pair):
    """Nobody is left who believes to be sensing; the kernel detaches the programs."""
    worker = pair.sensor.worker_pid()
    keeper = pair.sensor.take_process()
    os.kill(keeper.pid, signal.SIGKILL)
    keeper.popen.wait()
    wait_until(lambda: not os.path.exists(f"/proc/{worker}"), 20, "the worker has ended")


def test_stop_right_after_a_kill_loses_nothing(pair, marker):
    """The worker is dead when the keeper is asked to stop: another one writes what the rings hold."""
    numbers = range(20)
    for number in numbers:
        subprocess.run(["/bin/true", f"{marker}-{number:04}."], check=True, timeout=30)
    os.kill(pair.sensor.worker_pid(), signal.SIGKILL)
    pair.sensor.stop()  # asserts exit status 0
    pair.sensor.start()
    pair.collector.wait_rows(len(numbers), traffic.EXECS, f"%{marker}-%")
    found = traffic.Found(pair.collector, "exec", marker, numbers)
    assert not found.missing and not found.twice


@pytest.mark.parametrize("delay_ms", range(50, 300, 50))
def test_stop_while_it_starts_is_clean(stopped_pair, delay_ms):
    """At any moment of the start a stop is a stop: exit status 0, no worker killed by its signal."""
    sensor = stopped_pair.sensor
    write_config(sensor.config, sensor.sections)
    log = sensor.directory.parent / "sensor.log"
    process = Process([SENSOR, "--keeper", "--config", sensor.config], log)
    time.sleep(delay_ms / 1000)
    assert process.stop() == 0, process.output()
    assert "was killed" not in process.output()


def pieces_taken(sensor):
    return sensor.ask_status()["first_bytes"]["pieces"]


def flow_ends(collector, source, port):
    query = ("SELECT * FROM flows WHERE yagura_final = 1 AND network_direction = ? AND source_port = ?"
             " AND destination_port = ?")
    return [collector.wait_row(query, direction, source, port) for direction in ("egress", "ingress")]


@pytest.mark.parametrize("before", ["all", "half"])
def test_hello_that_a_dead_worker_had(pair, before):
    """What it had read of a flow that goes on is gone, and said to be: no hash of the rest. A flow that
    begins under the new worker has all of it."""
    hello = python_hello()
    at = len(hello) if before == "all" else len(hello) // 2
    listener = Listener("127.0.0.1")
    known = pieces_taken(pair.sensor)
    with socket.create_connection(("127.0.0.1", listener.port)) as stream:
        old = stream.getsockname()[1]
        stream.sendall(hello[:at])
        wait_until(lambda: pieces_taken(pair.sensor) >= known + 2, 20, "both ends are looked at")
        pair.sensor.kill_worker()
        wait_until(lambda: pair.sensor.is_ready("connected"), 20, "the new worker is connected")
        if at < len(hello):
            stream.sendall(hello[at:])
    wait_until(lambda: len(listener.received) == 1, 10, "all was read")
    with socket.create_connection(("127.0.0.1", listener.port)) as stream:
        new = stream.getsockname()[1]
        stream.sendall(hello)
    wait_until(lambda: len(listener.received) == 2, 10, "all was read")
    listener.close()

    for row in flow_ends(pair.collector, old, listener.port):
        assert row["yagura_truncated"] == "worker_restarted", row["yagura_truncated"]
        assert row["tls_client_ja4"] is None and row["tls_client_ja3"] is None
        assert row["yagura_splt"] and row["yagura_tcp_syn"]  # the kernel keeps these
    for row in flow_ends(pair.collector, new, listener.port):
        assert row["yagura_truncated"] is None and row["tls_client_ja4"].startswith("t")
