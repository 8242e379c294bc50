# SPDX-License-Identifier: Apache-2.0
"""Where the loads run: two network namespaces joined by a veth pair, and a cgroup for each end."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "integration"))

import network  # noqa: E402
import storm  # noqa: E402


class Broken(Exception):
    """A part of the bench did not do what it is for; one line for people."""


class Group:
    """A cgroup: what is started in it is counted, and can be watched alone."""

    def __init__(self, path):
        self.path = path
        path.mkdir()

    def command(self, *words):
        """Moves itself there, then becomes the command: one process."""
        script = 'echo $$ >"$0" && exec "$@"'
        return ["sh", "-c", script, str(self.path / "cgroup.procs"), *(str(word) for word in words)]

    def cpu_ns(self):
        """What its processes have used: interrupts that came while they ran, and the packets handled
        there, included; what the kernel's own threads did on their behalf is not."""
        for line in (self.path / "cpu.stat").read_text(encoding="ascii").splitlines():
            if line.startswith("usage_usec "):
                return int(line.split()[1]) * 1000
        raise Broken(f"{self.path} does not say what it used")


class End:
    """One end of the veth pair."""

    def __init__(self, namespace, group):
        self.namespace, self.group = namespace, group
        self.address = namespace.ipv4

    def command(self, *words):
        return self.group.command(*self.namespace.command(*words))


class World:
    """Made on entry, removed on exit."""

    def __enter__(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="kernel-", dir=ROOT / "build" / "bench"))
        self.top = storm.cgroup2_mount() / f"yagura-bench-{os.getpid()}"
        self.pair = network.make_pair()
        try:
            self.top.mkdir()
            groups = [Group(self.top / name) for name in ("client", "server")]
        except OSError:
            self.__exit__()
            raise
        self.client, self.server = (End(*both) for both in zip(self.pair, groups))
        # A connection per request uses up the usual 28,232 ports.
        subprocess.run(self.pair[0].command("sysctl", "-qw", "net.ipv4.ip_local_port_range=1024 65535"),
                       check=True)
        return self

    def __exit__(self, *_):
        network.remove(self.pair)
        for group in (*self.top.glob("*/"), self.top):
            if group.is_dir():
                group.rmdir()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def cpu_ns(self):
        return self.client.group.cpu_ns() + self.server.group.cpu_ns()
