# SPDX-License-Identifier: Apache-2.0
"""iperf3: one connection that moves as much as it can. Counts bytes."""

import json

import client

PORT = 5201


def run(world, seconds, sample):
    address = world.server.address
    with client.server(world, PORT, "iperf3", "--server", "--bind", address):
        command = ["iperf3", "--client", address, "--time", seconds, "--json"]
        output, cpu_ns = client.run_client(world, command, sample)
    received = json.loads(output)["end"]["sum_received"]
    return client.Work(received["bytes"], received["bits_per_second"] / 8, cpu_ns)
