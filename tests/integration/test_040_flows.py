# SPDX-License-Identifier: Apache-2.0
"""TCP flows: one row a socket, the bytes that were moved, and the process that moved them."""

import contextlib
import errno
import json
import os
import shutil
import socket
import struct
import subprocess
import threading
import time

import pytest

from daemons import free_port, wait_until
from servers import LARGE_BYTES, address

FINAL = "SELECT * FROM flows WHERE yagura_final = 1 AND network_direction = ?"
BY_PORTS = FINAL + " AND source_port = ? AND destination_port = ?"
CURL = os.path.realpath(shutil.which("curl"))
NGINX = os.path.realpath(shutil.which("nginx"))
MEASURES = "%{size_request} %{size_header} %{size_download} %{local_port}"


def flow_row(live, direction, source_port, destination_port):
    return live.collector.wait_row(BY_PORTS, direction, source_port, destination_port)


def both_rows(live, source_port, destination_port):
    """(egress, ingress) of one connection; both name the same source."""
    rows = [flow_row(live, d, source_port, destination_port) for d in ("egress", "ingress")]
    for column in ("source_ip", "destination_ip", "network_type", "network_transport"):
        assert rows[0][column] == rows[1][column]
    assert rows[0]["yagura_flow_id"] != rows[1]["yagura_flow_id"]
    return rows


def moved(row):
    return row["source_bytes"], row["destination_bytes"]


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
@pytest.mark.parametrize("path", ["/", "/large"])
def test_curl_and_nginx(live, recorded, namespaces, nginx, family, path):
    client, server = namespaces
    host = getattr(server, family)
    url = f"http://{address(host, nginx.port)}{path}"
    words = ["curl", "-s", "-g", "-o", "/dev/null", "-w", MEASURES, url]
    curl = subprocess.Popen(client.command(*words), stdout=subprocess.PIPE, text=True)
    request, header, download, port = map(int, curl.communicate(timeout=30)[0].split())
    assert curl.returncode == 0 and download == (LARGE_BYTES if path == "/large" else download)

    egress, ingress = both_rows(live, port, nginx.port)
    for row in (egress, ingress):
        assert moved(row) == (request, header + download)
        assert (row["source_ip"], row["destination_ip"]) == (getattr(client, family), host)
        assert (row["network_type"], row["network_transport"]) == (family, "tcp")
        assert (row["yagura_state"], row["yagura_error"]) == ("closed", None)
        assert row["yagura_owner_quality"] == "caller"
        assert row["source_packets"] > 0 and row["destination_packets"] > 0
        assert row["event_start"] <= row["event_end"]
    assert egress["process_pid"] == curl.pid
    assert egress["process_executable"] == recorded(CURL)
    assert json.loads(egress["process_args"]) == words
    assert egress["yagura_listener_pid"] is None
    assert ingress["process_pid"] in nginx.workers()
    assert ingress["process_executable"] == recorded(NGINX)
    assert ingress["yagura_listener_pid"] == nginx.process.pid


def test_owner_is_the_recorded_execution(live, recorded, namespaces, nginx):
    """The flow's process identity is exactly that of the curl that the sensor saw executed."""
    client, server = namespaces
    words = ["curl", "-s", "-o", "/dev/null", f"http://{server.ipv4}:{nginx.port}/joined"]
    curl = subprocess.Popen(client.command(*words))
    curl.wait(30)
    flow = live.collector.wait_row(FINAL + " AND process_pid = ?", "egress", curl.pid)
    execution = live.collector.wait_row(
        "SELECT * FROM execs WHERE process_pid = ? AND process_executable = ?", curl.pid, recorded(CURL)
    )
    assert flow["process_entity_id"] == execution["process_entity_id"]


def receive_all(stream):
    count = 0
    with contextlib.suppress(ConnectionResetError):
        while piece := stream.recv(65536):
            count += len(piece)
    return count


def reset(stream):
    """Makes the next close() send RST instead of FIN."""
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def serve(listener, sends, closes_first):
    connection, _ = listener.accept()
    with connection:
        if closes_first:
            connection.sendall(b"s" * sends)
            connection.shutdown(socket.SHUT_WR)
            receive_all(connection)
        else:
            receive_all(connection)
            connection.sendall(b"s" * sends)


def converse(family, host, client_sends, server_sends, server_first):
    """One connection with so many bytes each way; returns (source port, destination port)."""
    with socket.create_server((host, 0), family=family) as listener:
        port = listener.getsockname()[1]
        server = threading.Thread(target=serve, args=(listener, server_sends, server_first))
        server.start()
        with socket.socket(family) as client:
            client.connect((host, port))
            source = client.getsockname()[1]
            if server_first:
                assert receive_all(client) == server_sends
                client.sendall(b"c" * client_sends)
            else:
                client.sendall(b"c" * client_sends)
                client.shutdown(socket.SHUT_WR)
                assert receive_all(client) == server_sends
        server.join(30)
    return source, port


@pytest.mark.parametrize("server_first", [False, True], ids=["client-first", "server-first"])
@pytest.mark.parametrize("sizes", [(0, 0), (1, 0), (0, 1), (1000, 70000), (5000000, 5000000)], ids=str)
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_bytes_are_exact(live, host, sizes, server_first):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for row in both_rows(live, *converse(family, host, *sizes, server_first)):
        assert moved(row) == sizes
        assert row["yagura_state"] == "closed"
        assert row["process_pid"] == os.getpid()
        assert row["source_ip"] == row["destination_ip"] == host


def test_ipv4_over_an_ipv6_socket_is_ipv4(live):
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket(socket.AF_INET6) as client:
        client.connect(("::ffff:127.0.0.1", listener.getsockname()[1]))
        connection, _ = listener.accept()
        connection.close()
        ports = client.getsockname()[1], listener.getsockname()[1]
    for row in both_rows(live, *ports):
        assert (row["network_type"], row["source_ip"]) == ("ipv4", "127.0.0.1")


@pytest.mark.parametrize("who", ["client", "server"])
def test_reset(live, who):
    """An aborted connection ends at both sockets, and what was read before still counts."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        connection, _ = listener.accept()
        client.sendall(b"c" * 300)
        assert connection.recv(300, socket.MSG_WAITALL) == b"c" * 300
        ports = client.getsockname()[1], listener.getsockname()[1]
        first, last = (client, connection) if who == "client" else (connection, client)
        reset(first)
        first.close()
        wait_until(lambda: last.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), 5, "the reset arrived")
        last.close()
    for row in both_rows(live, *ports):
        assert (row["yagura_state"], moved(row)) == ("closed", (300, 0))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_refused(live, host):
    port = free_port(host)
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as client:
        assert client.connect_ex((host, port)) == errno.ECONNREFUSED
    query = "SELECT * FROM flows WHERE destination_port = ? AND process_pid = ?"
    row = live.collector.wait_row(query, port, os.getpid())
    assert (row["yagura_state"], row["yagura_error"]) == ("failed", "ECONNREFUSED")
    assert (row["network_direction"], row["yagura_final"]) == ("egress", 1)
    assert moved(row) == (0, 0)
    assert row["destination_ip"] == host


def test_refused_then_accepted_on_one_socket(live):
    """Two flows of one socket: the failed attempt does not vanish behind the good one."""
    refusing = free_port()
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", refusing)) == errno.ECONNREFUSED
        client.connect(listener.getsockname())
        connection, _ = listener.accept()
        with connection:
            client.sendall(b"second")
            assert connection.recv(6, socket.MSG_WAITALL) == b"second"
        ports = client.getsockname()[1], listener.getsockname()[1]
    egress, _ = both_rows(live, *ports)
    query = "SELECT * FROM flows WHERE destination_port = ? AND process_pid = ?"
    failed = live.collector.wait_row(query, refusing, os.getpid())
    assert (failed["yagura_state"], failed["yagura_error"]) == ("failed", "ECONNREFUSED")
    assert (egress["yagura_state"], moved(egress)) == ("closed", (6, 0))
    assert failed["yagura_flow_id"] != egress["yagura_flow_id"]


def answer_in_a_child(listener):
    """Accepts, and leaves the connection to a child that answers and ends; the child's pid."""
    connection, _ = listener.accept()
    child = os.fork()
    if child == 0:
        connection.sendall(b"from the child")
        connection.close()
        os._exit(0)
    connection.close()
    return child


def test_fork_server_names_the_child(live):
    """Whoever accepts is not always who talks."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        ports = client.getsockname()[1], listener.getsockname()[1]
        child = answer_in_a_child(listener)
        assert receive_all(client) == len(b"from the child")
        client.close()
        os.waitpid(child, 0)
    egress, ingress = both_rows(live, *ports)
    assert (egress["process_pid"], ingress["process_pid"]) == (os.getpid(), child)
    assert (ingress["yagura_owner_quality"], ingress["yagura_listener_pid"]) == ("caller", os.getpid())


def test_connection_nobody_accepted(live):
    """It was established in the kernel; the owner is never a guess dressed as a fact."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        ports = client.getsockname()[1], listener.getsockname()[1]
        client.close()
    ingress = flow_row(live, "ingress", *ports)
    assert ingress["yagura_listener_pid"] == os.getpid()
    assert ingress["yagura_owner_quality"] in ("inherited", "caller")
    assert ingress["process_pid"] == os.getpid()


def test_ncat(live, namespaces, tmp_path):
    client, server = namespaces
    payload = tmp_path / "payload"
    payload.write_bytes(b"n" * 5_000_000)
    port = 9000
    with (tmp_path / "received").open("wb") as received:
        listening = subprocess.Popen(
            server.command("ncat", "-l", "--recv-only", server.ipv4, port), stdout=received
        )
    wait_until(lambda: is_listening(server, port), 10, "ncat listens")
    with payload.open("rb") as stream:
        sending = subprocess.Popen(client.command("ncat", "--send-only", server.ipv4, port), stdin=stream)
    assert (sending.wait(30), listening.wait(30)) == (0, 0)
    assert (tmp_path / "received").stat().st_size == 5_000_000

    query = FINAL + " AND destination_port = ? AND destination_ip = ?"
    egress = live.collector.wait_row(query, "egress", port, server.ipv4)
    ingress = live.collector.wait_row(query, "ingress", port, server.ipv4)
    assert moved(egress) == moved(ingress) == (5_000_000, 0)
    assert (egress["process_pid"], ingress["process_pid"]) == (sending.pid, listening.pid)
    assert ingress["yagura_listener_pid"] == listening.pid


def is_listening(namespace, port):
    command = namespace.command("ss", "-Htln", f"sport = :{port}")
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout


def test_ssh(live, sshd):
    """sshd listens, a child of it talks."""
    ssh = subprocess.Popen(sshd.client("echo", "hello"), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    assert ssh.communicate(timeout=30)[0] == b"hello\n"
    egress = live.collector.wait_row(FINAL + " AND process_pid = ?", "egress", ssh.pid)
    assert egress["destination_port"] == sshd.port
    ingress = flow_row(live, "ingress", egress["source_port"], sshd.port)
    assert moved(egress) == moved(ingress)
    assert ingress["yagura_owner_quality"] == "caller"
    assert ingress["yagura_listener_pid"] == sshd.process.pid
    assert ingress["process_pid"] not in (sshd.process.pid, ssh.pid, None)
    assert "sshd" in ingress["process_executable"]


def test_owner_that_ended_before_its_connection(live):
    """The process exits with data still under way; the kernel ends the connection later."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        script = f"import socket; s = socket.create_connection(('127.0.0.1', {port})); s.sendall(b'x' * 9)"
        process = subprocess.Popen(["/usr/bin/python3", "-c", script])
        connection, peer = listener.accept()
        process.wait(30)
        time.sleep(0.5)
        assert receive_all(connection) == 9
        connection.close()
    egress = flow_row(live, "egress", peer[1], port)
    assert (egress["process_pid"], moved(egress)) == (process.pid, (9, 0))
    assert script in json.loads(egress["process_args"])
