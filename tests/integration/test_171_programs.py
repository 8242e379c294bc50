# SPDX-License-Identifier: Apache-2.0
"""Programs as they come: odd scripts, files without a name, long arguments, storms and bombs."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import pytest

from daemons import wait_until
from storm import Cgroup, cgroup2_mount, settle, unaccounted

EXECS = "SELECT * FROM execs WHERE process_args LIKE ?"
TRUE = os.path.realpath("/bin/true")
SHELL = os.path.realpath("/bin/sh")
STORM_LIVES = 3000

# What the kernel makes of a first line (binfmt_script): the interpreter, at most one argument.
SHEBANGS = {
    "plain": (b"#!/bin/sh\n", ["/bin/sh"]),
    "spaces": (b"#!  \t/bin/sh  \n", ["/bin/sh"]),
    "an option": (b"#!/bin/sh -e\n", ["/bin/sh", "-e"]),
    "options are one argument": (b"#!/bin/sh -e -u\n", ["/bin/sh", "-e -u"]),
    "no newline": (b"#!/bin/true", ["/bin/true"]),
    "by way of env": (b"#!/usr/bin/env sh\n", ["/usr/bin/env", "sh"]),
    "env splits": (b"#!/usr/bin/env -S sh -e -u\n", ["/usr/bin/env", "-S sh -e -u"]),
    "a second one": (b"#!/bin/sh\n#!/bin/true\n", ["/bin/sh"]),
    "bytes that are no UTF-8": (b"#!/bin/sh -\n# \xff\xfe\0\n", ["/bin/sh", "-"]),
}


def run(words, **options):
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    process.wait(60)
    return process.pid


def write_script(path, first_line):
    path.write_bytes(first_line + (b"exit 0\n" if first_line.endswith(b"\n") else b""))
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("name", SHEBANGS)
def test_shebangs(live, recorded, marker, tmp_path, name):
    first_line, words = SHEBANGS[name]
    script = write_script(tmp_path / "script", first_line)
    pid = run([script, marker])
    row = live.collector.wait_row(EXECS + " AND process_pid = ? ORDER BY rowid LIMIT 1", f"%{marker}%", pid)
    assert json.loads(row["process_args"]) == [*words, str(script), marker]
    assert row["process_executable"] == recorded(os.path.realpath(words[0]))
    assert row["yagura_script"] == str(script)


def test_a_script_s_interpreter_may_be_a_script(live, recorded, marker, tmp_path):
    inner = write_script(tmp_path / "inner", b"#!/bin/sh\n")
    outer = write_script(tmp_path / "outer", b"#!%s\n" % bytes(inner))
    pid = run([outer, marker])
    row = live.collector.wait_row(EXECS + " AND process_pid = ?", f"%{marker}%", pid)
    assert json.loads(row["process_args"]) == ["/bin/sh", str(inner), str(outer), marker]
    assert row["process_executable"] == recorded(SHELL)
    assert row["yagura_script"] == str(outer)


def test_an_interpreter_may_be_relative(live, recorded, marker, tmp_path):
    """To the working directory, not to the script."""
    shutil.copy(SHELL, tmp_path / "shell")
    (tmp_path / "below").mkdir()
    write_script(tmp_path / "below" / "script", b"#!./shell\n")
    pid = run(["below/script", marker], cwd=tmp_path)
    row = live.collector.wait_row(EXECS + " AND process_pid = ?", f"%{marker}%", pid)
    assert json.loads(row["process_args"]) == ["./shell", "below/script", marker]
    assert row["process_executable"] == recorded(str((tmp_path / "shell").resolve()))
    assert row["yagura_script"] == "below/script"


@pytest.mark.parametrize("first_line", [b"#!/bin/sh\r\n", b"#!" + b"/" * 300 + b"bin/sh\n", b"#!\n"])
def test_scripts_the_kernel_refuses_make_no_record(live, marker, tmp_path, first_line):
    script = write_script(tmp_path / "script", first_line)
    with pytest.raises(OSError):
        run([script, marker])
    run([f"after-{marker}"], executable="/bin/true")
    live.collector.wait_row(EXECS, f"%after-{marker}%")
    assert len(live.collector.rows(EXECS, f"%{marker}%")) == 1


def test_fexecve_of_a_memfd(live, marker):
    code = (
        "import os, sys; m = os.memfd_create('ghost', 0); os.write(m, open('/bin/true', 'rb').read());"
        " os.execve(m, [sys.argv[1]], {})"
    )
    pid = run([sys.executable, "-c", code, marker])
    row = live.collector.wait_row(EXECS + " AND process_pid = ?", f"[\"{marker}\"]", pid)
    assert row["yagura_memfd"] == row["yagura_deleted"] == 1
    assert "memfd:ghost" in row["process_executable"]
    assert row["yagura_writable_file"] is None and row["yagura_writable_directory"] is None


def test_a_program_that_was_replaced(live, recorded, marker, tmp_path):
    """By another of the same name: the inodes tell the two apart."""
    program = tmp_path / "program"
    inodes = []
    for number in range(2):
        shutil.copy(TRUE, tmp_path / "new")
        os.rename(tmp_path / "new", program)
        inodes.append(program.stat().st_ino)
        run([f"{marker}-{number}"], executable=program)
    rows = [live.collector.wait_row(EXECS, f"%{marker}-{number}%") for number in range(2)]
    assert [row["file_inode"] for row in rows] == inodes
    assert {row["process_executable"] for row in rows} == {recorded(str(program.resolve()))}


def test_two_mebibytes_of_arguments(live, marker):
    word = "x" * 120000
    words = [marker, *[word] * 17]
    total = sum(len(word) + 1 for word in words)
    run(words, executable="/bin/true", env={})
    row = live.collector.wait_row(EXECS, f"%{marker}%")
    assert row["process_args_truncated"] == 1
    assert row["yagura_args_total_bytes"] == total
    assert row["yagura_environment_cut"] is None


def test_an_execve_by_a_thread(live, marker):
    code = (
        "import os, sys, threading; threading.Thread(target=os.execv, args=('/bin/true', [sys.argv[1]])).start();"
        " threading.Event().wait()"
    )
    pid = run([sys.executable, "-c", code, marker])
    row = live.collector.wait_row(EXECS + " AND process_pid = ?", f"[\"{marker}\"]", pid)
    assert row["yagura_from_thread"] == 1
    assert row["process_parent_pid"] == os.getpid() and row["yagura_creator_pid"] is None


# --- many at once: nothing is lost unsaid ---


def check_books(pair):
    status, stored = settle(pair)
    assert not any(unaccounted(status).values()), unaccounted(status)
    for name in ("exec", "exit"):
        rows, missing = stored[name]
        assert rows + missing == status["conservation"][name]["generated"], name
    return status


def test_a_storm(pair, cgroup, marker):
    made = cgroup.run("exec", STORM_LIVES, marker)
    check_books(pair)
    rows = pair.collector.rows(EXECS, f"%{marker}%")
    missing = pair.collector.missing("exec")
    assert len(rows) + missing >= made["exec"]
    with_line = [row for row in rows if row["yagura_ancestors"] and "/storm" in row["yagura_ancestors"]]
    assert len(with_line) == len([row for row in rows if row["process_executable"].endswith("/true")])


BOMB = """
import os, time
end = time.monotonic() + 4
while time.monotonic() < end:
    try:
        if os.fork() == 0:
            continue
        os.waitpid(-1, os.WNOHANG)
    except (BlockingIOError, ChildProcessError):
        time.sleep(0.001)
os._exit(0)
"""


def pids_hierarchy():
    """Where the pids controller is: an old hierarchy of its own, else the unified one."""
    for line in pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        place, _, filesystem = line.partition(" - ")
        if filesystem.startswith("cgroup ") and "pids" in filesystem.split()[-1].split(","):
            return pathlib.Path(place.split()[4])
    mount = cgroup2_mount()
    (mount / "cgroup.subtree_control").write_text("+pids", encoding="ascii")
    return mount


class LimitedGroup(Cgroup):
    """Holds 64 processes at most, and can be emptied whatever they do."""

    def __init__(self):
        self.path = pids_hierarchy() / f"yagura-check-bomb-{os.getpid()}"
        self.path.mkdir()
        (self.path / "pids.max").write_text("64", encoding="ascii")

    def count(self):
        return int((self.path / "pids.current").read_text(encoding="ascii"))

    def empty(self):
        (self.path / "pids.max").write_text("0", encoding="ascii")
        for pid in (self.path / "cgroup.procs").read_text(encoding="ascii").split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        return self.count() == 0


def test_a_fork_bomb_in_a_limited_group(pair, marker):
    """The host stays usable meanwhile: programs outside are started and recorded."""
    group = LimitedGroup()
    try:
        bomb = subprocess.Popen([sys.executable, "-c", BOMB], stdin=subprocess.DEVNULL, preexec_fn=group.enter)
        wait_until(lambda: group.count() > 60, 10, "the group is full")
        for number in range(20):
            subprocess.run(["/bin/true", f"{marker}-{number}."], check=True, timeout=10)
        bomb.wait(60)
    finally:
        wait_until(group.empty, 10, "nobody is left")
        group.remove()
    check_books(pair)
    assert len(pair.collector.rows(EXECS, f"%{marker}-%")) == 20


@pytest.mark.parametrize("kind", ["upper", "lower"])
def test_overlay(live, marker, tmp_path, kind):
    for name in ("lower", "upper", "work", "merged"):
        (tmp_path / name).mkdir()
    script = (
        f"mount -t tmpfs none {tmp_path} && mkdir {tmp_path}/lower {tmp_path}/upper {tmp_path}/work {tmp_path}/merged"
        f" && cp {TRUE} {tmp_path}/{kind}/program && mount -t overlay none"
        f" -o lowerdir={tmp_path}/lower,upperdir={tmp_path}/upper,workdir={tmp_path}/work {tmp_path}/merged"
        f" && {tmp_path}/merged/program {marker}"
    )
    subprocess.run(["unshare", "--mount", "sh", "-c", script], check=True, timeout=30)
    row = live.collector.wait_row(EXECS + " AND process_executable LIKE '%/merged/program'", f"%{marker}%")
    assert row["yagura_upper_layer"] == (kind == "upper")
