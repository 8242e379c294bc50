# SPDX-License-Identifier: Apache-2.0
"""The table of loads: what is run, which end is watched, and what its ratio must not fall below."""

from typing import Callable, NamedTuple, Optional

import load_http
import load_iperf3
import load_redis
import load_spawn


class Load(NamedTuple):
    name: str
    run: Callable  # (world, seconds, sample) → client.Work
    unit: str  # what its work is counted in
    cost: Optional[tuple]  # name, unit and nanoseconds of the figure for the sensor's own CPU time
    floor: Optional[float]  # of the rate with the sensor over that without; None: it is paced
    stretch: Optional[float] = None
    is_watched_by_cgroup: bool = False  # the sensor sees the server's cgroup only
    makes: Optional[dict] = None  # so many records of these classes a piece of work, at least


LOADS = (
    Load("storm_one_end", load_http.storm, "connections", ("cpu_ns_per_connection", "ns", 1),
         floor=0.92, stretch=0.95, is_watched_by_cgroup=True, makes={"flow": 1}),
    Load("storm_both_ends", load_http.storm, "connections",
         ("cpu_ns_per_connection_both_ends", "ns", 1),
         floor=0.85, stretch=0.92, makes={"flow": 2}),
    Load("keepalive", load_http.keepalive, "requests", None, floor=0.97),
    Load("iperf3", load_iperf3.run, "bytes", None, floor=0.99),
    Load("redis", load_redis.run, "requests", None, floor=0.985),
    Load("spawn_loop", load_spawn.loop, "processes", None, floor=0.98, makes={"exec": 1, "exit": 1}),
    Load("exec_storm", load_spawn.storm, "processes", ("cpu_us_per_exec", "us", 1000),
         floor=None, makes={"exec": 1, "exit": 1}),
)
