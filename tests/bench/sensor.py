# SPDX-License-Identifier: Apache-2.0
"""The sensor as the bench runs it: spooling only, as `RUN_COLLECTOR=0 make run`; and what it costs."""

import ctypes
import os
import pathlib
import platform
import time
import uuid

from world import Broken

from daemons import CLASSES, Sensor

BPF_ENABLE_STATS = 32
BPF_SYSCALL = {"x86_64": 321, "aarch64": 280}
QUIET_SECONDS = 20
SETTLED_SHARE = 0.01  # of a core
SETTLE_STEP_SECONDS = 0.5


class BpfStats:
    """Has the kernel measure how long BPF programs run, as long as it is open. That costs a little
    itself, at each run of each program."""

    def __enter__(self):
        libc = ctypes.CDLL(None, use_errno=True)
        what = ctypes.c_uint32(0)  # BPF_STATS_RUN_TIME
        number = BPF_SYSCALL[platform.machine()]
        self.fd = libc.syscall(number, BPF_ENABLE_STATS, ctypes.byref(what), ctypes.sizeof(what))
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "the kernel measures no BPF programs")
        return self

    def __exit__(self, *_):
        os.close(self.fd)


class BenchSensor(Sensor):
    """Started and stopped once for each measurement, each time with a spool of its own."""

    def __init__(self, directory, cgroup):
        directory.mkdir()
        (directory / "sensor.id").write_text(str(uuid.uuid4()), encoding="ascii")
        super().__init__(directory, directory, None)
        self.sections["batch"] = {"interval_ms": 200}
        self.sections["kernel"] = {"flow_interval_s": 10}
        self.sections["log"] = {"level": "info"}
        if cgroup:
            self.sections["kernel"]["cgroup"] = cgroup

    def start(self, state=None):
        """Returns once what it does at its start is done, the package database is read: that is no
        part of any figure but `start_cpu`."""
        super().start(state)
        self.pids = (self.process.pid, self.worker_pid())
        self.settle()
        self.start_ns = self.cpu_ns()

    def settle(self):
        """Until it takes next to nothing; where others make events all the time, for so long."""
        deadline, used_ns = time.monotonic() + QUIET_SECONDS / 2, 0
        while time.monotonic() < deadline:
            before_ns, used_ns = used_ns, self.cpu_ns()
            if (used_ns - before_ns) / 1e9 < SETTLED_SHARE * SETTLE_STEP_SECONDS:
                return
            time.sleep(SETTLE_STEP_SECONDS)

    def cpu_ns(self):
        """Of keeper and worker, each a single thread."""
        stats = (pathlib.Path(f"/proc/{pid}/schedstat") for pid in self.pids)
        return sum(int(stat.read_text(encoding="ascii").split()[0]) for stat in stats)

    def resident_bytes(self):
        return sum(status_bytes(pid, "VmRSS") for pid in self.pids)

    def kernel_objects(self):
        """What the keeper's descriptors for BPF objects say of them, one dictionary each."""
        for entry in pathlib.Path(f"/proc/{self.process.pid}/fdinfo").iterdir():
            lines = entry.read_text(encoding="ascii").splitlines()
            yield dict(line.replace(":", " ").split(None, 1) for line in lines if len(line.split()) > 1)

    def bpf_ns(self):
        """How long its BPF programs have run; only counted while BpfStats is open. A link's
        descriptor names a program too, but no time."""
        times = {o["prog_id"]: int(o["run_time_ns"]) for o in self.kernel_objects() if "run_time_ns" in o}
        if not times:
            raise Broken("the keeper holds no BPF program that says how long it ran")
        return sum(times.values())

    def maps_bytes(self):
        """Kernel memory of its BPF maps."""
        sizes = {o["map_id"]: int(o["memlock"]) for o in self.kernel_objects() if "map_type" in o}
        return sum(sizes.values())

    def quiesce(self):
        """Waits until everything generated has been accounted for; returns that status. A host is
        never quite still, so the last one is returned after a while, whatever it says."""
        deadline = time.monotonic() + QUIET_SECONDS
        while True:
            time.sleep(0.3)  # longer than a batch may wait
            now = self.ask_status()
            if is_balanced(now) or time.monotonic() > deadline:
                return now


def status_bytes(pid, name):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise Broken(f"process {pid} has no {name}")


def recorded(now, record_class):
    row = now["conservation"][record_class]
    return row["acked"] + row["spooled"] + row["in_memory"]


def generated(now, record_class):
    return now["conservation"][record_class]["generated"]


def is_balanced(now):
    return all(generated(now, c) == recorded(now, c) + now["conservation"][c]["gaps"] for c in CLASSES)


def lost(now):
    """Names and counts of everything the kernel side could not tell."""
    kinds = ("lost_", "throttled_", "flow_untracked")
    return {name: count for name, count in now["counters"].items() if count and name.startswith(kinds)}
