# SPDX-License-Identifier: Apache-2.0
"""Whose descendant a program is when it is executed, what is special about how it was started, and in
which unit it runs. The truth is /proc."""

import contextlib
import ctypes
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from daemons import wait_until
from storm import Cgroup, cgroup2_mount

EXECS = "SELECT * FROM execs WHERE process_args LIKE ?"
EXEC_OF = EXECS + " AND process_pid = ?"
TRUE = os.path.realpath("/bin/true")
SHELL = os.path.realpath("/bin/sh")
PR_SET_CHILD_SUBREAPER = 36
LIBC = ctypes.CDLL(None, use_errno=True)

DOUBLE_FORK = """
import os, sys, time
if os.fork():
    os._exit(0)
os.setsid()
middle = os.getppid()
while os.path.exists(f"/proc/{sys.argv[2]}") and os.getppid() == int(sys.argv[2]):
    time.sleep(0.01)
os.execv("/bin/true", [sys.argv[1]])
"""


def parent_of(pid):
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])


def line_of(pid):
    """Pids of its ancestors, nearest first."""
    line = []
    while (pid := parent_of(pid)) > 0:
        line.append(pid)
    return line


def executable_of(pid):
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/{pid}/exe")
    return ""


def told_line(row):
    """Pids of the entity ids: BOOT-PID-START-EXEC."""
    return [int(entity.split("-")[1]) for entity in json.loads(row["yagura_ancestor_ids"])]


def run(words, **options):
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, **options)
    process.wait(30)
    return process.pid


def run_true(live, marker, **options):
    return live.collector.wait_row(EXEC_OF, f"%{marker}%", run([marker], executable="/bin/true", **options))


def test_the_whole_line(live, recorded, marker):
    row = run_true(live, marker)
    assert told_line(row) == [os.getpid(), *line_of(os.getpid())]
    names = json.loads(row["yagura_ancestors"])
    assert names[0] == recorded(os.readlink("/proc/self/exe"))
    # Older than the sensor, told by a snapshot. Of one from before the root was mounted nobody knows.
    assert [bool(name) for name in names] == [bool(executable_of(pid)) for pid in told_line(row)]
    assert row["yagura_creator_pid"] is None and row["yagura_ancestors_cut"] is None


def test_a_tree_can_be_asked_for(live, marker):
    """Upwards by identity, as long as each was executed while the sensor looked on."""
    script = f"sh -c '/bin/true {marker}; :'; :"
    run(["sh", "-c", script])
    row = live.collector.wait_row(EXECS + " AND process_executable LIKE '%/true'", f"%{marker}%")
    found = live.collector.rows(
        """WITH RECURSIVE up(id, depth) AS (
             SELECT ?, 0 UNION SELECT process_parent_entity_id, depth + 1 FROM execs JOIN up
             ON process_entity_id = id WHERE depth < 64)
           SELECT id FROM up ORDER BY depth""",
        row["process_entity_id"],
    )
    ids = [line["id"] for line in found]
    assert ids[0] == row["process_entity_id"]
    assert ids[1:4] == json.loads(row["yagura_ancestor_ids"])[:3]


def test_double_fork(live, marker):
    """The parent is who took over, the creator who forked."""
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1)
    try:
        middle = subprocess.Popen(
            ["sh", "-c", 'exec python3 -c "$0" "$1" $$', DOUBLE_FORK, marker], stdin=subprocess.DEVNULL
        )
        middle.wait(30)
        row = live.collector.wait_row(EXECS + " AND process_executable LIKE '%/true'", f"[\"{marker}\"]")
    finally:
        LIBC.prctl(PR_SET_CHILD_SUBREAPER, 0)
        os.waitpid(row["process_pid"], 0)
    assert row["process_parent_pid"] == os.getpid()
    assert row["yagura_creator_pid"] == middle.pid
    assert "python" in row["yagura_creator_executable"]
    assert told_line(row) == [os.getpid(), *line_of(os.getpid())]


def test_a_pid_that_comes_again(live, marker):
    """Two processes of one pid, one after the other: other identities, each with its own line."""
    last = pathlib.Path("/proc/sys/kernel/ns_last_pid")
    rows = []
    first = run([f"{marker}-0"], executable="/bin/true")
    rows.append(live.collector.wait_row(EXEC_OF, f"%{marker}-0%", first))
    for attempt in range(1, 50):
        last.write_text(str(first - 1), encoding="ascii")
        word = f"{marker}-{attempt}."
        if run([word], executable="/bin/true") == first:
            rows.append(live.collector.wait_row(EXEC_OF, f"%{word}%", first))
            break
    assert len(rows) == 2, "the pid never came again"
    assert rows[0]["process_entity_id"] != rows[1]["process_entity_id"]
    assert rows[0]["yagura_ancestor_ids"] == rows[1]["yagura_ancestor_ids"]


# --- how it was started ---


@pytest.mark.parametrize("name", ["LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT"])
def test_variables_of_the_linker(live, marker, name):
    row = run_true(live, marker, env={"HOME": "/", name: "", "SECRET": marker})
    assert row[f"yagura_{name.lower()}"] == 1
    assert sum(row[f"yagura_{other}"] or 0 for other in ("ld_preload", "ld_library_path", "ld_audit")) == 1
    assert row["yagura_environment_cut"] is None and row["yagura_environment_unknown"] is None


def test_a_long_environment(live, marker):
    row = run_true(live, marker, env={"A": "x" * 10000, "LD_AUDIT": ""})
    assert row["yagura_environment_cut"] == 1
    assert row["yagura_ld_audit"] is None


def test_a_setuid_program(live, recorded, marker, tmp_path):
    """A shell of an ordinary user starts it: what it gained, and who it was."""
    program = pathlib.Path(f"/var/tmp/{marker}")
    shutil.copy(TRUE, program)
    try:
        program.chmod(0o4755)
        run(["setpriv", "--reuid=65534", "--clear-groups", "sh", "-c", f"{program}; :"])
        row = live.collector.wait_row("SELECT * FROM execs WHERE process_executable = ?", recorded(str(program)))
    finally:
        program.unlink()
    assert row["process_user_id"] == 65534 and row["process_effective_user_id"] == 0
    assert row["yagura_former_user_id"] == 65534
    assert row["yagura_privileged"] == row["yagura_gained_permitted"] == row["yagura_gained_effective"] == 1
    assert row["yagura_gained_ambient"] is None
    assert row["yagura_writable_directory"] == 1 and row["yagura_writable_file"] is None
    in_place = recorded("/var/tmp") == "/var/tmp"
    assert row["yagura_temporary_place"] == (1 if in_place else None)


def test_a_container_made_by_hand(live, marker):
    run(["unshare", "--fork", "--pid", "--mount", "--uts", "/bin/true", marker])
    row = live.collector.wait_row(EXECS + " AND process_executable LIKE '%/true'", f"%{marker}%")
    entered = {name for name in ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts") if row[f"yagura_entered_{name}ns"]}
    assert entered == {"pid"}, "the others are those of its parent, which entered them before"
    assert row["yagura_namespace_init"] == 1 and row["process_vpid"] == 1


def test_a_temporary_place_in_a_root_of_its_own(live, marker, tmp_path):
    """A container's /tmp is one, whatever leads to it from outside; its /opt is none."""
    if not shutil.which("busybox"):
        pytest.skip("no static program is installed")
    script = (
        f"mount -t tmpfs none {tmp_path} && cd {tmp_path} && mkdir old tmp opt &&"
        f" cp {shutil.which('busybox')} tmp/busybox && cp tmp/busybox opt/busybox && pivot_root . old &&"
        f" /tmp/busybox true {marker} && /opt/busybox true {marker}"
    )
    subprocess.run(["unshare", "--mount", "sh", "-c", script], check=True, timeout=30)
    for place, is_temporary in (("tmp", 1), ("opt", None)):
        row = live.collector.wait_row("SELECT * FROM execs WHERE process_args = ?",
                                      f'["/{place}/busybox","true","{marker}"]')
        assert row["process_executable"] == f"/{place}/busybox"
        assert row["yagura_temporary_place"] == is_temporary, place


# --- units ---


class NamedCgroup(Cgroup):
    """Named as systemd names the group of a unit."""

    def __init__(self, *names):
        self.path = cgroup2_mount().joinpath(*names)
        self.made = [self.path, *self.path.parents][: len(names)]
        self.path.mkdir(parents=True, exist_ok=True)

    def remove(self):
        for path in self.made:
            wait_until(lambda path=path: not path.exists() or not list(path.glob("*/")), 5, f"{path} is empty")
            try:
                path.rmdir()
            except OSError:
                return


@pytest.mark.parametrize(
    ("names", "unit", "slice_", "session"),
    [
        (["yagura-check.slice", "a\\x2db@1.service"], "a\\x2db@1.service", "yagura-check.slice", None),
        (["yagura-check.slice", "a.service", "b.service"], "a.service", "yagura-check.slice", None),
        (["user-yagura.slice", "session-c7.scope"], "session-c7.scope", "user-yagura.slice", "c7"),
    ],
)
def test_units(live, marker, names, unit, slice_, session):
    group = NamedCgroup(*names)
    try:
        row = run_true(live, marker, preexec_fn=group.enter)
    finally:
        group.remove()
    if row["yagura_cgroup"] != "/" + "/".join(names):
        pytest.skip("the hierarchy that is mounted here begins below its root")
    assert (row["yagura_unit"], row["yagura_slice"], row["yagura_login_session"]) == (unit, slice_, session)
