# SPDX-License-Identifier: Apache-2.0
"""Sockets that tempt to name a process which never used them, or to take two flows for one."""

import errno
import os
import socket
import subprocess

import pytest

from daemons import free_port
from tun import TunPeer

FINAL = "SELECT * FROM flows WHERE yagura_final = 1 AND network_direction = ?"
BY_DESTINATION = FINAL + " AND destination_port = ?"


@pytest.fixture
def tun():
    peer = TunPeer()
    yield peer
    peer.close()


def test_packets_from_a_tun_device_do_not_make_its_writer_the_owner(live, tun):
    """The network stack takes them in on the writer's own stack, answers included."""
    writer_ends, keeps_open = socket.socketpair()
    with socket.create_server((tun.local, 0)) as listener:
        port = listener.getsockname()[1]
        child = os.fork()
        if child == 0:
            writer_ends.close()
            tun.converse(port, b"hello", pause=lambda: keeps_open.recv(1))
            os._exit(0)
        keeps_open.close()
        connection, _ = listener.accept()
        connection.settimeout(10)
        assert connection.recv(5, socket.MSG_WAITALL) == b"hello"
        writer_ends.close()
        connection.shutdown(socket.SHUT_WR)
        os.waitpid(child, 0)
        connection.close()
    row = live.collector.wait_row(BY_DESTINATION, "ingress", port, seconds=30)
    assert row["process_pid"] == os.getpid()
    assert row["yagura_listener_pid"] == os.getpid()
    assert row["source_bytes"] == 5


def test_who_ends_a_strangers_connection_is_not_its_owner(live):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(listener.getsockname()):
            connection, _ = listener.accept()
            command = ["ss", "-H", "-K", "state", "established", "sport", "=", str(port)]
            killed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
            assert str(port) in killed.stdout, "this kernel cannot end sockets of others"
            connection.close()
    row = live.collector.wait_row(BY_DESTINATION, "ingress", port)
    assert row["process_pid"] == os.getpid()
    assert row["process_executable"] != os.path.realpath("/usr/bin/ss")


def test_socket_that_meets_itself_is_its_callers(live):
    """A simultaneous open of one socket: it called connect(), so it is the egress end."""
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        address = own.getsockname()
        own.connect(address)
        own.sendall(b"abc")
        assert own.recv(3, socket.MSG_WAITALL) == b"abc"
    row = live.collector.wait_row(BY_DESTINATION, "egress", address[1])
    assert row["source_port"] == address[1]
    assert (row["process_pid"], row["yagura_owner_quality"]) == (os.getpid(), "caller")
    assert (row["source_bytes"], row["destination_bytes"]) == (3, 3)
    assert live.collector.rows(BY_DESTINATION, "ingress", address[1]) == []


def test_listening_in_between_does_not_make_two_flows_one(live):
    """Refused, then a listener, then connected: the same socket, two flows, two rows."""
    refusing = free_port()
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as own:
        assert own.connect_ex(("127.0.0.1", refusing)) == errno.ECONNREFUSED
        own.listen(1)
        own.shutdown(socket.SHUT_RDWR)
        own.connect(listener.getsockname())
        port = listener.getsockname()[1]
    rows = [live.collector.wait_row(BY_DESTINATION, "egress", number) for number in (refusing, port)]
    assert [row["yagura_state"] for row in rows] == ["failed", "closed"]
    assert rows[0]["yagura_flow_id"] != rows[1]["yagura_flow_id"]
