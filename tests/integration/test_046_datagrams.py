# SPDX-License-Identifier: Apache-2.0
"""Datagrams from the kernel to the collector: UDP both ways, a ping, closed ports, silence."""

import os
import socket

import pytest

FLOW = "SELECT * FROM flows WHERE network_transport='udp' AND source_port=? AND network_direction=?"


def udp(family=socket.AF_INET, address="127.0.0.1"):
    made = socket.socket(family, socket.SOCK_DGRAM)
    made.settimeout(10)
    made.bind((address, 0))
    return made


@pytest.mark.parametrize("family, address", [
    (socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"),
])
def test_question_and_answer(live, family, address):
    server, client = udp(family, address), udp(family, address)
    asked, answered = client.getsockname(), server.getsockname()
    client.sendto(b"q" * 40, answered)
    data, peer = server.recvfrom(100)
    server.sendto(b"a" * 90, peer)
    client.recvfrom(100)
    client.close()
    server.close()
    for direction in "egress", "ingress":
        row = live.collector.wait_row(FLOW, asked[1], direction)
        assert (row["source_ip"], row["destination_ip"]) == (address, address)
        assert row["destination_port"] == answered[1]
        assert (row["source_bytes"], row["destination_bytes"]) == (40, 90)
        assert (row["source_packets"], row["destination_packets"]) == (1, 1)
        assert row["process_pid"] == os.getpid()
        assert row["yagura_owner_quality"] == "caller"
        assert row["yagura_final"] == 1


def test_a_closed_socket_with_many_peers_is_told_within_seconds(live):
    """All but the first flow of a socket end by the keeper's clock."""
    server, clients = udp(), [udp() for _ in range(5)]
    for number, client in enumerate(clients):
        client.sendto(b"x" * (number + 1), server.getsockname())
        server.recvfrom(100)
    server.close()
    for number, client in enumerate(clients):
        row = live.collector.wait_row(FLOW, client.getsockname()[1], "ingress")
        assert row["source_bytes"] == number + 1
        assert row["yagura_final"] == 1
        client.close()


def test_closed_ports_are_one_row_of_their_source(live):
    """Told when the source has been quiet for ten seconds; its address is this test's own."""
    source = f"127.46.{os.getpid() >> 8 & 255}.{os.getpid() & 255 or 1}"
    for _ in range(3):
        for port in 1021, 1022:
            with udp(address=source) as client:
                client.sendto(b"?", ("127.0.0.1", port))
    row = live.collector.wait_row(
        "SELECT * FROM flows WHERE yagura_state='refused' AND source_ip=?", source, seconds=30
    )
    assert row["network_transport"] == "udp"
    assert row["destination_ip"] == "127.0.0.1"
    assert row["source_packets"] == 6
    assert row["yagura_final"] == 1
    assert row["process_pid"] is None
