# SPDX-License-Identifier: Apache-2.0
"""A connection that goes on has its one row long before it ends, and still one when it has ended."""

import os
import socket

import pytest

from daemons import free_port

ROW = """SELECT * FROM flows WHERE network_direction = 'egress' AND source_port = ?
  AND destination_port = ? AND source_bytes = ? AND yagura_final = ?"""


@pytest.fixture
def quick_pair(stopped_pair):
    stopped_pair.sensor.sections["kernel"] = {"flow_interval_s": 1}
    stopped_pair.start()
    return stopped_pair


def test_one_row_from_beginning_to_end(quick_pair):
    port = free_port()
    with socket.create_server(("127.0.0.1", port)) as server:
        client = socket.create_connection(("127.0.0.1", port))
        accepted, _ = server.accept()
        source = client.getsockname()[1]
        for sent in (100, 200):
            client.sendall(b"x" * 100)
            accepted.recv(100, socket.MSG_WAITALL)
            open_row = quick_pair.collector.wait_row(ROW, source, port, sent, 0)
            assert open_row["yagura_state"] == "established"
            assert open_row["process_pid"] == os.getpid()
        client.close()
        accepted.close()
    closed_row = quick_pair.collector.wait_row(ROW, source, port, 200, 1)
    assert closed_row["yagura_state"] == "closed"
    assert closed_row["yagura_flow_id"] == open_row["yagura_flow_id"]
    assert closed_row["yagura_part"] > open_row["yagura_part"]
    rows = quick_pair.collector.rows(
        "SELECT count(*) AS n FROM flows WHERE yagura_flow_id = ?", open_row["yagura_flow_id"]
    )
    assert rows[0]["n"] == 1
