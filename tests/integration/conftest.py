# SPDX-License-Identifier: Apache-2.0
"""What the integration tests share. The sensor watches the whole host: each test looks only at what
it started itself."""

import os
import pathlib
import subprocess
import uuid

import pytest

import daemons
import evidence
import network
from daemons import COLLECTOR, CTL, ROOT, SENSOR, Collector, Sensor, free_port
from owner_truth import OWNERS
from servers import Nginx, Sshd
from storm import STORM, Cgroup


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure comes with the state of every daemon that runs, in the text that is kept of it."""
    report = (yield).get_result()
    if report.failed and hasattr(report.longrepr, "addsection"):
        for title, text in evidence.sections(list(daemons.RUNNING)):
            report.longrepr.addsection(title, text)


class Pair:
    """A collector and a sensor that ships to it."""

    def __init__(self, directory, pki):
        self.collector = Collector(directory, pki)
        self.sensor = Sensor(directory, pki, self.collector.port)

    def start(self):
        self.collector.start()
        self.sensor.start()

    def stop(self):
        """The sensor first: it ships what it still holds. The collector even if that fails."""
        try:
            self.sensor.stop()
        finally:
            self.collector.stop()


@pytest.fixture(scope="session", autouse=True)
def binaries():
    assert os.geteuid() == 0, "loading eBPF programs needs root"
    for binary in (SENSOR, COLLECTOR, CTL, OWNERS, STORM):
        assert binary.exists(), f"{binary} is not there: run `make all integration-tests`"


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    directory = tmp_path_factory.mktemp("pki")
    subprocess.run([ROOT / "packaging" / "dev" / "pki", directory], check=True, timeout=60)
    return directory


@pytest.fixture(scope="session")
def other_pki(tmp_path_factory):
    """Certificates of somebody else's authority."""
    directory = tmp_path_factory.mktemp("other-pki")
    subprocess.run([ROOT / "packaging" / "dev" / "pki", directory], check=True, timeout=60)
    return directory


@pytest.fixture
def stopped_pair(tmp_path, pki):
    """Neither runs yet; what runs at the end is stopped and must say 0."""
    pair = Pair(tmp_path, pki)
    yield pair
    pair.stop()


@pytest.fixture
def pair(stopped_pair):
    stopped_pair.start()
    return stopped_pair


@pytest.fixture(scope="module")
def live(tmp_path_factory, pki):
    """A pair for a whole file of tests that leave it alone."""
    pair = Pair(tmp_path_factory.mktemp("live"), pki)
    try:
        pair.start()
        yield pair
    finally:
        pair.stop()


@pytest.fixture(scope="session")
def recorded(tmp_path_factory, pki):
    """Gives what the sensor records for a path: the kernel's, from the root of the mount namespace.
    Only in a chroot is that another root than ours; then no mount is listed for "/"."""
    mounts = pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    chrooted = all(mount.split()[4] != "/" for mount in mounts)
    prefix = learn_prefix(Pair(tmp_path_factory.mktemp("root"), pki)) if chrooted else ""
    return lambda path: f"{prefix}{path}"


def learn_prefix(pair):
    """What the sensor records before the path of a known program."""
    known = os.path.realpath("/bin/true")
    try:
        pair.start()
        process = subprocess.Popen([known])
        process.wait(30)
        row = pair.collector.wait_row("SELECT * FROM execs WHERE process_pid = ?", process.pid)
    finally:
        pair.stop()
    assert row["process_executable"].endswith(known), row
    return row["process_executable"].removesuffix(known)


@pytest.fixture
def marker():
    """A word that stands in no other process's arguments."""
    return f"marker-{uuid.uuid4().hex}"


@pytest.fixture
def cgroup():
    """A control group of the test's own."""
    group = Cgroup()
    yield group
    group.remove()


@pytest.fixture(scope="module")
def namespaces():
    pair = network.make_pair()
    yield pair
    network.remove(pair)


@pytest.fixture(scope="module")
def nginx(namespaces, tmp_path_factory, live):
    """In the server's namespace, on both addresses; started while the sensor watches."""
    _, server = namespaces
    directory = tmp_path_factory.mktemp("nginx") / "files"
    nginx = Nginx(directory, [server.ipv4, server.ipv6], 8080, wrap=server.command)
    yield nginx
    nginx.stop()


@pytest.fixture
def local_nginx(tmp_path):
    """On loopback; for the tests that count."""
    nginx = Nginx(tmp_path / "nginx", ["127.0.0.1"], free_port())
    yield nginx
    nginx.stop()


@pytest.fixture
def sshd(tmp_path, live):
    sshd = Sshd(tmp_path / "sshd", free_port())
    yield sshd
    sshd.stop()
