# SPDX-License-Identifier: Apache-2.0
"""Processes that end at once: one after another, or at a steady pace."""

import re

import client
from world import ROOT

SPAWN = ROOT / "build" / "tests" / "bench" / "spawn"
COUNT = re.compile(r"^(\d+) \d+$", re.MULTILINE)
ELAPSED_NS = re.compile(r"^\d+ (\d+)$", re.MULTILINE)
STORM_RATE = 1600


def run(world, seconds, sample, rate=0):
    output, cpu_ns = client.run_client(world, [SPAWN, seconds, rate], sample)
    count = int(client.number(COUNT, output, "spawn"))
    elapsed_ns = client.number(ELAPSED_NS, output, "spawn")
    return client.Work(count, count * 1e9 / elapsed_ns, cpu_ns)


def loop(world, seconds, sample):
    return run(world, seconds, sample)


def storm(world, seconds, sample):
    return run(world, seconds, sample, STORM_RATE)
