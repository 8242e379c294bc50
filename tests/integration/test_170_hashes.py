# SPDX-License-Identifier: Apache-2.0
"""What executed files hold: the truth is hashlib's. A file that another took the place of, that was
deleted, that never had a name; scripts; the first hash of a large one, which nobody waits for."""

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import time

import pytest

from daemons import wait_until

EXEC = "SELECT rowid, * FROM execs WHERE process_pid = ? AND process_args LIKE ?"
BIG_BYTES = 100 << 20
STORM = 300
TRUE = os.path.realpath("/bin/true")
CAT = os.path.realpath("/bin/cat")
SETTLED = ("ok", "touched", "changed", "vanished", "too_large", "unreadable", "not_confirmed", "off", "unsettled")


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def copy(source, target, tail=b""):
    """A program of its own: nobody has executed this content before."""
    shutil.copy(source, target)
    with open(target, "ab") as file:
        file.write(tail)
    os.chmod(target, 0o755)
    time.sleep(0.05)  # the kernel tells times apart by ticks
    return target


def copy_at_once(target, tail):
    target.write_bytes(pathlib.Path(TRUE).read_bytes() + tail)
    target.chmod(0o755)
    return target


def run(words, **options):
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **options)
    process.wait(30)
    return process.pid


def hold(words, **options):
    """Runs until its input is closed, as cat does."""
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, **options)


def settled(live, pid, marker, seconds=30):
    """The exec's row once its hash is there, or why there is none."""

    def row():
        rows = live.collector.rows(EXEC, pid, f"%{marker}%")
        assert len(rows) <= 1, rows
        done = rows and rows[0]["yagura_hash_status"] in SETTLED
        return rows[0] if done else None

    return wait_until(row, seconds, f"exec of {pid} with {marker} has its hash")


def test_known_programs(live, marker):
    for path in ("/bin/true", "/usr/bin/env", "/bin/cat"):
        pid = run([path, "/dev/null" if path == "/bin/cat" else "--version", marker])
        row = settled(live, pid, marker)
        assert row["process_hash_sha256"] == digest(os.path.realpath(path)), path
        assert row["yagura_hash_status"] == "ok"


def test_first_seen_once(live, marker, tmp_path):
    program = copy(TRUE, tmp_path / "new", marker.encode())
    rows = [settled(live, run([program, marker]), marker) for _ in range(3)]
    assert [row["yagura_first_seen"] for row in rows] == [1, 0, 0]
    assert {row["process_hash_sha256"] for row in rows} == {digest(program)}
    same = copy(program, tmp_path / "same")  # another file, but nothing new in it
    assert settled(live, run([same, marker]), marker)["yagura_first_seen"] == 0


def test_packages(live, recorded, marker, tmp_path):
    if recorded("/x") != "/x":
        pytest.skip("the packages' paths are not the kernel's in a chroot")
    def judged():
        return settled(live, run([TRUE, marker]), marker)["yagura_package"]

    wait_until(lambda: judged() == "owned_unmodified", 30, "the package database is read")
    program = copy(TRUE, tmp_path / "mine", marker.encode())
    assert settled(live, run([program, marker]), marker)["yagura_package"] == "not_owned"


def test_deleted_while_it_runs(live, marker, tmp_path):
    program = copy(CAT, tmp_path / "gone", marker.encode())
    want = digest(program)
    process = hold([program, "-", marker])
    os.unlink(program)
    row = settled(live, process.pid, marker)
    process.communicate(b"", timeout=10)
    assert row["process_hash_sha256"] == want
    assert row["yagura_hash_status"] in ("ok", "touched")


def test_replaced_while_it_runs(live, marker, tmp_path):
    program = copy(CAT, tmp_path / "program", marker.encode())
    other = copy(CAT, tmp_path / "other", b"another")
    want = digest(program)
    process = hold([program, "-", marker])
    os.rename(other, program)
    row = settled(live, process.pid, marker)
    process.communicate(b"", timeout=10)
    assert row["process_hash_sha256"] == want != digest(program)


def test_replaced_when_it_has_ended(live, marker, tmp_path):
    """Never the hash of what is there now."""
    program = copy(TRUE, tmp_path / "program", marker.encode())
    want, pid = digest(program), run([program, marker])
    os.unlink(program)
    copy(CAT, program)
    row = settled(live, pid, marker)
    assert row["process_hash_sha256"] in (want, None)
    assert (row["process_hash_sha256"] is None) == (row["yagura_hash_status"] in ("changed", "vanished"))


@pytest.mark.parametrize("sealed", [True, False])
def test_without_a_name(live, marker, sealed):
    """Who made it may write to it while it runs, unless it is sealed."""
    memory = os.memfd_create("nameless", os.MFD_ALLOW_SEALING)
    with open(CAT, "rb") as file:
        os.write(memory, file.read() + marker.encode())
    if sealed:
        fcntl.fcntl(memory, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE)
    path = f"/proc/self/fd/{memory}"
    want = digest(path)
    process = hold(["nameless", "-", marker], executable=path, pass_fds=[memory])
    row = settled(live, process.pid, marker)
    process.communicate(b"", timeout=10)
    os.close(memory)
    assert row["yagura_memfd"] == 1
    assert (row["yagura_hash_status"], row["process_hash_sha256"]) == (("ok", want) if sealed else ("unsettled", None))


def test_script(live, marker, tmp_path):
    script = tmp_path / "script"
    script.write_text(f"#!/bin/cat -\n# {marker}\n", encoding="utf-8")
    script.chmod(0o755)
    time.sleep(0.05)
    for name, options in ((str(script), {}), ("./script", {"cwd": tmp_path})):
        process = hold([name, marker], **options)
        row = settled(live, process.pid, marker)
        process.communicate(b"", timeout=10)
        assert row["yagura_script_hash_status"] == "ok"
        assert row["yagura_script_sha256"] == digest(script)
        assert row["process_hash_sha256"] == digest(CAT)


def test_upper_layer(live, marker, tmp_path):
    for name in ("lower", "upper", "work", "merged"):
        (tmp_path / name).mkdir()
    layers = tmp_path / "layers"  # an overlay is no good ground for another
    layers.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "layers", layers], check=True)
    merged = tmp_path / "merged"
    try:
        for name in ("lower", "upper", "work"):
            (layers / name).mkdir()
        options = ",".join(f"{name}dir={layers / name}" for name in ("lower", "upper", "work"))
        copy(TRUE, layers / "lower" / "below", marker.encode())
        subprocess.run(["mount", "-t", "overlay", "-o", options, "overlay", merged], check=True)
        try:
            above = copy(TRUE, merged / "above", b"above" + marker.encode())
            for path, upper in ((above, 1), (merged / "below", 0)):
                row = settled(live, run([path, marker]), marker)
                assert row["yagura_upper_layer"] == upper
                assert row["process_hash_sha256"] == digest(path), path
        finally:
            subprocess.run(["umount", merged], check=True)
    finally:
        subprocess.run(["umount", layers], check=True)


def test_large_first_hash_delays_nobody(live, marker, tmp_path):
    """A small program executed after it is there with its hash while the large one still waits."""
    large = copy(CAT, tmp_path / "large", marker.encode())
    os.truncate(large, BIG_BYTES)
    small = copy(TRUE, tmp_path / "small", b"small" + marker.encode())
    time.sleep(0.05)
    first = hold([large, "-", marker])
    second = run([small, marker])
    row = settled(live, second, marker)
    before = live.collector.rows(EXEC, first.pid, f"%{marker}%")
    assert row["process_hash_sha256"] == digest(small)
    assert len(before) == 1 and before[0]["yagura_hash_status"] == "pending", before
    assert before[0]["rowid"] < row["rowid"]
    row = settled(live, first.pid, marker, 60)
    first.communicate(b"", timeout=10)
    assert row["process_hash_sha256"] == digest(large)
    assert live.sensor.ask_status()["conservation"]["exec_update"]["generated"] >= 1
    wait_until(lambda: owed(live.sensor) == 0, 20, "the equation holds for updates")


def test_remembered_over_a_restart(stopped_pair, marker, tmp_path):
    program = copy(TRUE, tmp_path / "kept", marker.encode())
    for want in (1, 0):
        stopped_pair.start()
        row = settled(stopped_pair, run([program, marker]), marker)
        assert row["yagura_first_seen"] == want
        assert row["process_hash_sha256"] == digest(program)
        stopped_pair.stop()


def test_status_counts_them(live, marker, tmp_path):
    def hashes():
        return live.sensor.ask_status()["hashes"]

    before = hashes()
    program = copy(TRUE, tmp_path / "counted", marker.encode())
    for _ in range(3):
        settled(live, run([program, marker]), marker)
    after = hashes()
    assert after["misses"] > before["misses"] and after["hits"] >= before["hits"] + 2
    assert after["read_bytes"] >= before["read_bytes"] + os.path.getsize(program)
    assert after["told"]["ok"] >= before["told"]["ok"] + 3
    assert after["entries"] > 0 and set(after["told"]) >= {"vanished", "changed", "too_large", "unsettled"}


def test_a_storm_of_different_programs(live, marker, tmp_path):
    """Each has its hash, and however long one takes, those behind it are hashed meanwhile."""
    programs = [copy_at_once(tmp_path / f"program-{number}", f"{marker}-{number}".encode()) for number in range(STORM)]
    time.sleep(0.05)
    pids = [subprocess.Popen([program, f"{marker}-{number}."], stdin=subprocess.DEVNULL) for number, program
            in enumerate(programs)]
    for process in pids:
        process.wait(30)
    rows = [settled(live, process.pid, f"{marker}-{number}.") for number, process in enumerate(pids)]
    assert [row["process_hash_sha256"] for row in rows] == [digest(program) for program in programs]


def test_limits_are_said(stopped_pair, marker, tmp_path):
    stopped_pair.sensor.sections["hash"] = {"bytes_max": "100K"}
    program = copy(TRUE, tmp_path / "too-large", marker.encode())
    os.truncate(program, 200 << 10)
    stopped_pair.start()
    row = settled(stopped_pair, run([program, marker]), marker)
    assert row["yagura_hash_status"] == "too_large" and row["process_hash_sha256"] is None


def owed(sensor):
    """What the equation lacks for updates: 0 at rest."""
    terms = sensor.ask_status()["conservation"]["exec_update"]
    return terms["generated"] - sum(terms[t] for t in ("acked", "spooled", "in_memory", "gaps"))


def test_promises_of_a_killed_worker_are_accounted_for(stopped_pair, marker, tmp_path):
    """The large file takes ten seconds at this pace: the worker dies owing its hash."""
    stopped_pair.sensor.sections["hash"] = {"bytes_per_s": "10M"}
    large = copy(CAT, tmp_path / "large", marker.encode())
    os.truncate(large, BIG_BYTES)
    stopped_pair.start()
    process = hold([large, "-", marker])
    live = stopped_pair.collector
    wait_until(lambda: live.rows(EXEC, process.pid, f"%{marker}%"), 30, "the exec is stored")
    stopped_pair.sensor.kill_worker()
    wait_until(lambda: stopped_pair.sensor.is_ready("connected"), 20, "the new worker is connected")
    lost = "SELECT * FROM gaps WHERE yagura_record_class = 'exec_update' AND yagura_reason = 'worker_ended'"
    assert sum(row["yagura_count"] for row in live.wait_rows(1, lost)) >= 1
    wait_until(lambda: owed(stopped_pair.sensor) == 0, 30, "every promise is kept or accounted for")
    process.communicate(b"", timeout=10)


def hasher_pid(sensor):
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if parent == sensor.process.pid and b"--hasher" in words:
            return int(entry.name)
    return None


def test_hasher_holds_nothing_and_may_die(pair, marker, tmp_path):
    settled(pair, run([copy(TRUE, tmp_path / "one", marker.encode()), marker]), marker)
    pid = hasher_pid(pair.sensor)
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(fields["CapPrm"], 16) == int(fields["CapEff"], 16) == 0
    assert fields["NoNewPrivs"] == "1" and fields["Seccomp"] == "2"
    os.kill(pid, 9)
    row = settled(pair, run([copy(TRUE, tmp_path / "two", b"2" + marker.encode()), marker]), marker)
    assert row["process_hash_sha256"] == digest(tmp_path / "two")
    assert hasher_pid(pair.sensor) not in (None, pid)
