# SPDX-License-Identifier: Apache-2.0
"""Tenants of one collector: an authority, a directory, a log and quotas each; nothing of one is seen by
another, though all have a sensor of the same identity."""

import contextlib
import json
import sqlite3
import ssl
import subprocess
import uuid

import pytest

import wire
from daemons import COLLECTOR, Collector, wait_until, write_config

IDENTITY = str(uuid.UUID(int=77))
SAN = f"URI:spiffe://yagura.test/sensor/{IDENTITY}"
PIDS = "SELECT process_pid FROM execs ORDER BY process_pid"


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=30)


def authority(pki, name, signer=None):
    """A certificate that signs others: its own, or below `signer`."""
    wire.request(pki, name, common_name=name)
    (pki / f"{name}.ext").write_text("basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n", encoding="ascii")
    signing = ["-CA", pki / f"{signer}.crt", "-CAkey", pki / f"{signer}.key"] if signer else \
        ["-signkey", pki / f"{name}.key"]
    openssl("x509", "-req", "-in", pki / f"{name}.csr", *signing, "-out", pki / f"{name}.crt", "-extfile",
            pki / f"{name}.ext", "-days", "2")


def leaf(pki, name, signer):
    wire.request(pki, name)
    (pki / f"{name}.ext").write_text(f"extendedKeyUsage=clientAuth\nsubjectAltName={SAN}\n", encoding="ascii")
    openssl("x509", "-req", "-in", pki / f"{name}.csr", "-CA", pki / f"{signer}.crt", "-CAkey",
            pki / f"{signer}.key", "-out", pki / f"{name}.crt", "-extfile", pki / f"{name}.ext", "-days", "2")


class Tenant:
    """Whose authority it is, and where its store lies."""

    def __init__(self, name, directory, certificate):
        self.name, self.directory, self.certificate = name, directory, certificate

    def connect(self, pki, port):
        return contextlib.closing(wire.WireSensor(pki, port, IDENTITY, self.certificate))

    def pids(self):
        path = self.directory / "yagura.db"
        if not path.exists():
            return []
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as store:
            return [row[0] for row in store.execute(PIDS)]

    def wait_pids(self, wanted):
        wait_until(lambda: len(self.pids()) >= len(wanted), 30, f"{self.name or 'the first'} has {wanted}")
        assert self.pids() == wanted

    def lines(self):
        files = sorted(self.directory.glob("ndjson/yagura-*"))
        return "".join(path.read_text(encoding="utf-8") for path in files)

    def status(self):
        return json.loads((self.directory / "status.json").read_text(encoding="utf-8"))


@pytest.fixture
def tenants(tmp_path, pki):
    """The collector's own; one whose authority is below that one's; one of somebody else."""
    collector = Collector(tmp_path, pki)
    authority(pki, "below", "ca")
    authority(pki, "apart")
    files = tmp_path / "tenants"
    files.mkdir()
    found = [Tenant("", collector.directory, "of-ca")]
    for name in ("below", "apart"):
        found.append(Tenant(name, tmp_path / name, f"of-{name}"))
        quota = {"tenant_batches": 5} if name == "below" else {}
        write_config(files / f"{name}.conf", {
            "tls": {"ca": pki / f"{name}.crt"},
            "store": {"directory": tmp_path / name},
            "quota": quota,
            "ndjson": {"enabled": "yes"},
        })
    for tenant, signer in zip(found, ("ca", "below", "apart")):
        leaf(pki, tenant.certificate, signer)
    collector.sections["tenants"] = {"directory": files}
    collector.start()
    yield collector, found
    if collector.process:
        collector.stop()


def test_each_has_its_own(tenants, pki):
    collector, (own, below, apart) = tenants
    with contextlib.ExitStack() as stack:
        sensors = [stack.enter_context(tenant.connect(pki, collector.port)) for tenant in (own, below, apart)]
        for sensor in sensors:  # one identity, three sensors: none takes another's place
            assert sensor.greet() == [1, 1]
        for number, sensor in enumerate(sensors):
            sensor.send(wire.execs(100 * number + 1, 2), 1)
        for sensor in sensors:
            sensor.wait_ack(1)
        sensors[2].send(wire.execs(203, 1), 2)
        sensors[2].wait_ack(2)
    own.wait_pids([1, 2])
    below.wait_pids([101, 102])
    apart.wait_pids([201, 202, 203])
    wait_until(lambda: apart.lines().count("\n") >= 3, 30, "its lines are written, too")
    assert [json.loads(line)["process"]["pid"] for line in apart.lines().splitlines()] == [201, 202, 203]
    assert not (own.directory / "ndjson").exists()
    with below.connect(pki, collector.port) as sensor:  # nor do their numbers mix
        assert sensor.greet() == [2, 1]


def test_who_did_what_is_named_where_it_belongs(tenants, pki):
    collector, (own, below, apart) = tenants
    with apart.connect(pki, collector.port) as sensor:
        sensor.greet()
        sensor.send_payload(b"nothing that was ever deflated", 100, 1)
        assert sensor.wait_failure()[0] == 4
    named = wait_until(lambda: apart.status()["refused"], 10, "the status names it")
    assert named[0]["who"] == f"apart/{IDENTITY}" and named[0]["why"]
    assert IDENTITY not in json.dumps(own.status())
    assert IDENTITY not in json.dumps(below.status())
    answer = subprocess.run([COLLECTOR, "--config", collector.config, "--status"], capture_output=True, text=True,
                            timeout=20, check=True)
    assert [json.loads(line)["tenant"] for line in answer.stdout.splitlines()] == ["", "apart", "below"]


def test_quota_of_one_is_nobody_elses(tenants, pki):
    """Five batches a second for all of a tenant's sensors: it is made to wait, and all is taken."""
    collector, (_, below, apart) = tenants
    with contextlib.ExitStack() as stack:
        for tenant in (below, apart):
            sensor = stack.enter_context(tenant.connect(pki, collector.port))
            sensor.greet()
            for seq in range(1, 13):
                sensor.send(wire.execs(seq, 1), seq)
            sensor.wait_ack(12)
    for tenant in (below, apart):
        tenant.wait_pids(list(range(1, 13)))
    wait_until(lambda: below.status()["sensors"]["throttled"] > 0, 10, "it was made to wait")
    assert apart.status()["sensors"]["throttled"] == 0


def test_an_unknown_authority(tenants, pki):
    collector, _ = tenants
    authority(pki, "stranger")
    leaf(pki, "of-stranger", "stranger")
    with pytest.raises((ssl.SSLError, ConnectionError, OSError)):
        with contextlib.closing(wire.WireSensor(pki, collector.port, IDENTITY, "of-stranger")) as sensor:
            sensor.greet()
    wait_until(lambda: "TLS handshake failed" in collector.process.output(), 10, "the log says so")


def test_two_tenants_of_one_directory(tenants, pki, tmp_path):
    collector, (own, _, _) = tenants
    collector.stop()
    write_config(tmp_path / "tenants" / "twice.conf",
                 {"tls": {"ca": pki / "apart.crt"}, "store": {"directory": own.directory}})
    answer = subprocess.run([COLLECTOR, "--config", collector.config], capture_output=True, text=True, timeout=20,
                            check=False)
    assert answer.returncode == 1
    assert "in use by another yagura-collector" in answer.stderr
