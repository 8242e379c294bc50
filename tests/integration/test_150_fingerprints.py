# SPDX-License-Identifier: Apache-2.0
"""What flows begin with: the stored fingerprints are those that tshark gives for a capture of the same
traffic, and belong to the program that really spoke."""

import os
import random
import shutil
import socket
import subprocess

import pytest

from daemons import Process, free_port, wait_until
from debian13 import Capture, Root, Server
from hello import Listener, openssl_hello, pieces, python_hello
from servers import Sshd
from tun import ACK, FIN, PSH, REMOTE_PORT, RST, SYN, TunPeer

FINAL = "SELECT * FROM flows WHERE yagura_final = 1 AND network_direction = ?"
BY_PROCESS = FINAL + " AND process_pid = ? AND destination_port = ?"
BY_SOURCE = FINAL + " AND source_port = ? AND destination_port = ?"
PORT, SSH_PORT = 8443, 2222
CLIENT_FIELDS = {
    "tls_client_ja3": "tls.handshake.ja3",
    "tls_client_ja4": "tls.handshake.ja4",
    "yagura_ja4_r": "tls.handshake.ja4_r",
    "tls_client_server_name": "tls.handshake.extensions_server_name",
}


@pytest.fixture(scope="module")
def root():
    return Root()


@pytest.fixture(scope="module")
def capture(root, namespaces):
    _, server = namespaces
    capture = Capture(root, "veth0", server.command, ["-d", f"tcp.port=={SSH_PORT},ssh"])
    yield capture
    capture.stop()


@pytest.fixture(scope="module")
def server(root, namespaces, live, capture):
    _, namespace = namespaces
    server = Server(root, "/tmp/fingerprints", namespace.ipv4, PORT, namespace.command)
    yield server
    server.stop()


# name: (in the newer root?, its command line after the program's name)
CLIENTS = {
    "curl": (False, "curl", ["-sk", "--resolve", "{name}:{port}:{host}", "https://{name}:{port}/"]),
    "newer curl": (True, "curl", ["-sk", "--resolve", "{name}:{port}:{host}", "https://{name}:{port}/"]),
    "s_client, TLS 1.2": (False, "openssl", ["s_client", "-tls1_2", "-servername", "{name}", "-connect", "{host}:{port}"]),
    "s_client, TLS 1.3": (False, "openssl", ["s_client", "-tls1_3", "-servername", "{name}", "-connect", "{host}:{port}"]),
    "s_client, no name": (False, "openssl", ["s_client", "-noservername", "-connect", "{host}:{port}"]),
    "s_client, post-quantum": (True, "openssl", ["s_client", "-groups", "X25519MLKEM768", "-servername", "{name}",
                                               "-connect", "{host}:{port}"]),
    "s_client, retried": (True, "openssl", ["s_client", "-groups", "*P-521:P-256", "-servername", "{name}",
                                          "-connect", "{host}:{port}"]),
    "QUIC": (True, "curl", ["-sk", "--http3-only", "--resolve", "{name}:{port}:{host}", "https://{name}:{port}/"]),
}


def expected_of(capture, transport, port):
    """tshark's values of the first hello from this port; "" where it has none."""
    condition = f"tls.handshake.type == 1 && {transport}.srcport == {port}"
    return dict(zip(CLIENT_FIELDS, capture.fields(condition, *CLIENT_FIELDS.values())[0]))


def check_client(row, expected):
    for column, value in expected.items():
        assert row[column] == (value or None), (column, row[column], value)


@pytest.mark.parametrize("client", CLIENTS)
def test_clients(live, recorded, namespaces, root, capture, server, client):
    is_newer, program, options = CLIENTS[client]
    names = {"name": "tower.test", "host": server.host, "port": server.port}
    words = [program, *(option.format(**names) for option in options)]
    command = namespaces[0].command(*(root.command(*words) if is_newer else words))
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    assert process.wait(30) == 0

    transport = "udp" if client == "QUIC" else "tcp"
    egress = live.collector.wait_row(BY_PROCESS, "egress", process.pid, server.port, seconds=120)
    expected = expected_of(capture, transport, egress["source_port"])
    assert expected["tls_client_ja4"].startswith("q" if transport == "udp" else "t")
    ingress = live.collector.wait_row(BY_SOURCE, "ingress", egress["source_port"], server.port, seconds=120)
    for row in (egress, ingress):
        check_client(row, expected)
        assert row["yagura_truncated"] is None and row["network_transport"] == transport
    path = os.path.realpath(shutil.which(program)) if not is_newer else str(root.outside(f"/usr/bin/{program}"))
    assert egress["process_executable"] == recorded(path)
    if transport == "tcp":
        hello = capture.fields(f"tls.handshake.type == 2 && tcp.dstport == {egress['source_port']}",
                               "tls.handshake.ja3s")[0]
        assert egress["tls_server_ja3s"] == ingress["tls_server_ja3s"] == hello[0]
    assert (egress["yagura_pq_group"] == "X25519MLKEM768") == (is_newer and "retried" not in client)
    assert bool(egress["yagura_hrr"]) == ("retried" in client)


def test_ssh(live, recorded, namespaces, capture, tmp_path):
    client, server = namespaces
    sshd = Sshd(tmp_path / "sshd", SSH_PORT, server.ipv4, server.command)
    try:
        process = subprocess.Popen(client.command(*sshd.client("true")), stdin=subprocess.DEVNULL)
        assert process.wait(30) == 0
    finally:
        sshd.stop()
    row = live.collector.wait_row(BY_PROCESS, "egress", process.pid, SSH_PORT)
    ports = f"tcp.srcport == {row['source_port']}", f"tcp.dstport == {row['source_port']}"
    (hassh,), *_ = capture.fields(f"ssh.kex.hassh && {ports[0]}", "ssh.kex.hassh")
    (hassh_server,), *_ = capture.fields(f"ssh.kex.hasshserver && {ports[1]}", "ssh.kex.hasshserver")
    other = live.collector.wait_row(BY_SOURCE, "ingress", row["source_port"], SSH_PORT)
    for end in (row, other):
        assert (end["yagura_hassh"], end["yagura_hassh_server"]) == (hassh, hassh_server)
        assert end["yagura_ssh_client"].startswith("SSH-2.0-OpenSSH")
        assert end["yagura_ssh_server"].startswith("SSH-2.0-OpenSSH")
    assert row["process_executable"] == recorded(os.path.realpath(shutil.which("ssh")))


@pytest.fixture
def dns(namespaces, tmp_path):
    _, server = namespaces
    command = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
               f"--listen-address={server.ipv4}", "--bind-interfaces", "--port=53", "--pid-file=",
               f"--address=/tower.test/{server.ipv4}", "--user=root", "--log-facility=-"]
    process = Process(server.command(*command), tmp_path / "dnsmasq.log")
    wait_until(lambda: "started" in process.output(), 10, "dnsmasq answers")
    yield server.ipv4
    process.stop()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_names(live, namespaces, server, dns, transport):
    """A question, its answer, and the flow that follows it is labelled with the name."""
    client, _ = namespaces
    name = f"{transport}.tower.test"
    words = ["dig", f"@{dns}", name, "A", "+short", *(["+tcp"] if transport == "tcp" else [])]
    process = subprocess.Popen(client.command(*words), stdout=subprocess.PIPE, text=True)
    assert process.communicate(timeout=30)[0].strip() == server.host
    row = live.collector.wait_row(BY_PROCESS, "egress", process.pid, 53, seconds=60)
    assert (row["dns_question_name"], row["dns_question_type"]) == (name, "A")
    assert (row["dns_response_code"], row["dns_resolved_ip"]) == ("NOERROR", server.host)
    assert row["network_transport"] == transport

    curl = subprocess.Popen(client.command("curl", "-sk", "-o", "/dev/null", f"https://{server.host}:{server.port}/"))
    assert curl.wait(30) == 0
    later = live.collector.wait_row(BY_PROCESS, "egress", curl.pid, server.port)
    assert later["destination_domain"] == name


@pytest.fixture(scope="module")
def tun():
    peer = TunPeer()
    yield peer
    peer.close()


@pytest.fixture(scope="module")
def tun_capture(root, tun):
    capture = Capture(root, f"yagura{os.getpid()}")
    yield capture
    capture.stop()


@pytest.fixture(scope="module")
def hellos(root):
    """By name; the post-quantum one is longer than a segment."""
    found = {"classical": python_hello(), "post-quantum": openssl_hello(root, "-servername", "cut.test")}
    assert len(found["classical"]) < 1000 and len(found["post-quantum"]) > 1460
    return found


def in_order(parts):
    return parts


def reversed_order(parts):
    return parts[::-1]


def shuffled(parts):
    """And every third one twice."""
    mixed = parts + parts[::3]
    random.Random(20261129).shuffle(mixed)
    return mixed


def send(tun, port, parts):
    """A connection that says these parts; where its next segment would begin, and theirs."""
    tun.send(port, 1000, 0, SYN)
    seq, flags = tun.receive()
    while not flags & SYN:  # what a connection before left unread
        seq, flags = tun.receive()
    theirs = seq + 1
    tun.send(port, 1001, theirs, ACK)
    for offset, piece in parts:
        tun.send(port, 1001 + offset, theirs, ACK | PSH, piece)
    return theirs


def converse(tun, data, parts):
    """Sends the parts to somebody who reads them, and ends the connection; his port."""
    listener = Listener(tun.local)
    try:
        theirs = send(tun, listener.port, parts)
        tun.send(listener.port, 1001 + len(data), theirs, ACK | FIN)
        while not tun.receive()[1] & FIN:
            pass
        tun.send(listener.port, 1002 + len(data), theirs + 1, ACK)
        wait_until(lambda: listener.received, 10, "all was read")
    finally:
        listener.close()
    assert listener.received == [data]
    return listener.port


@pytest.fixture(scope="module")
def expected(tun, tun_capture, hellos):
    """What tshark makes of the hellos in segments as they usually come."""
    values = {}
    for kind, data in hellos.items():
        port = converse(tun, data, pieces(data, 1400))
        condition = f"tls.handshake.type == 1 && tcp.dstport == {port}"
        values[kind] = dict(zip(CLIENT_FIELDS, tun_capture.fields(condition, *CLIENT_FIELDS.values())[0]))
        assert values[kind]["tls_client_ja4"]
    return values


@pytest.mark.parametrize("order", [in_order, reversed_order, shuffled])
@pytest.mark.parametrize("size", [1, 100, 1400])
@pytest.mark.parametrize("kind", ["classical", "post-quantum"])
def test_cut_hello(live, tun, expected, hellos, kind, size, order):
    """From a far end that sends its segments as it likes."""
    data = hellos[kind]
    port = converse(tun, data, order(pieces(data, size)))
    row = live.collector.wait_row(BY_SOURCE, "ingress", REMOTE_PORT, port)
    check_client(row, expected[kind])
    assert row["yagura_truncated"] is None


@pytest.mark.parametrize("size", [1, 100])
def test_hello_written_in_pieces(live, hellos, size):
    """By a local client; as many segments as there are writes. The whole hello is what counts."""
    rows = []
    for cut in (size, 1 << 20):
        listener = Listener("127.0.0.1")
        with socket.create_connection(("127.0.0.1", listener.port)) as stream:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for _, piece in pieces(hellos["post-quantum"], cut):
                stream.sendall(piece)
            source = stream.getsockname()[1]
        wait_until(lambda listener=listener: listener.received, 10, "all was read")  # not reset by our close
        listener.close()
        rows.append([live.collector.wait_row(BY_SOURCE, direction, source, listener.port)
                     for direction in ("egress", "ingress")])
    for column in CLIENT_FIELDS:
        values = {row[column] for pair in rows for row in pair}
        assert len(values) == 1 and None not in values, (column, values)


@pytest.mark.parametrize("missing", ["end", "middle", "beginning"])
def test_cut_short(live, tun, hellos, missing):
    """A hello of which a part never comes has no hash; where it had begun, the row says why. Without
    its beginning nobody can tell that it was one."""
    parts = pieces(hellos["post-quantum"], 100)
    left_out = {"end": len(parts) - 1, "middle": len(parts) // 2, "beginning": 0}[missing]
    listener = Listener(tun.local)
    theirs = send(tun, listener.port, parts[:left_out] + parts[left_out + 1 :])
    tun.send(listener.port, 1001 + 100 * left_out, theirs, ACK | RST)
    row = live.collector.wait_row(BY_SOURCE, "ingress", REMOTE_PORT, listener.port)
    listener.close()
    assert row["tls_client_ja4"] is None and row["tls_client_ja3"] is None
    assert row["yagura_npf"].startswith("tcp/"), row["yagura_npf"]
    assert row["yagura_truncated"] or missing == "beginning"
