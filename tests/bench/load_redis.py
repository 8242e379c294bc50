# SPDX-License-Identifier: Apache-2.0
"""redis-benchmark: small requests one after another on 50 connections."""

import re

import client

PORT = 6379
REQUESTS_PER_SECOND = 40000  # redis-benchmark takes a number of requests, not a time
RATE = re.compile(r"GET: ([\d.]+) requests per second, p50")


def run(world, seconds, sample):
    address, count = world.server.address, REQUESTS_PER_SECOND * seconds
    redis = ["redis-server", "--port", PORT, "--bind", address, "--save", "", "--appendonly", "no",
             "--protected-mode", "no", "--dir", world.scratch]
    command = ["redis-benchmark", "-h", address, "-p", PORT, "-c", 50, "-n", count, "-t", "get", "-q"]
    with client.server(world, PORT, *redis):
        output, cpu_ns = client.run_client(world, command, sample)
    return client.Work(count, client.number(RATE, output, "redis-benchmark"), cpu_ns)
