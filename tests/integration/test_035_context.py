# SPDX-License-Identifier: Apache-2.0
"""Where and as whom a program ran, what file it was, how long it ran; where a flow's socket was. The
truth is what /proc and stat(2) say of it."""

import os
import pathlib
import re
import socket
import subprocess
import time

import pytest

TRUE = os.path.realpath("/bin/true")
EXEC_BY_PID = "SELECT * FROM execs WHERE process_pid = ? AND process_args LIKE ?"
NAMESPACES = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"]
NOT_SET = 4294967295


@pytest.fixture
def execution(live, marker):
    """The row of a plain execution by this process."""
    return exec_row(live, run([marker], executable="/bin/true"), marker)


def run(words, **options):
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, **options)
    process.wait(30)
    return process.pid


def exec_row(live, pid, marker):
    return live.collector.wait_row(EXEC_BY_PID, pid, f"%{marker}%")


def status(field):
    """Of this process, from /proc: what its children inherit."""
    text = pathlib.Path("/proc/self/status").read_text(encoding="utf-8")
    return re.search(rf"^{field}:\s*(.*)$", text, re.MULTILINE).group(1)


def proc_number(name):
    number = int(pathlib.Path("/proc/self", name).read_text(encoding="ascii"))
    return None if number == NOT_SET else number


def own_cgroup():
    text = pathlib.Path("/proc/self/cgroup").read_text(encoding="utf-8")
    return re.search(r"^0::(.*)$", text, re.MULTILINE).group(1)


def inode_of(namespace, pid="self"):
    return int(re.search(r"\d+", os.readlink(f"/proc/{pid}/ns/{namespace}")).group())


def test_namespaces(execution):
    for name in NAMESPACES:
        assert execution[f"yagura_{name}ns"] == inode_of(name), name


def test_other_namespaces(live, marker):
    child = subprocess.Popen(["unshare", "--uts", "--ipc", "sh", "-c", "read line", marker], stdin=subprocess.PIPE)
    try:
        row = live.collector.wait_row(EXEC_BY_PID + " AND process_args LIKE '%\"sh\",%'"
                                      " AND process_args NOT LIKE '%unshare%'", child.pid, f"%{marker}%")
        for name in NAMESPACES:
            assert row[f"yagura_{name}ns"] == inode_of(name, child.pid), name
        assert row["yagura_utsns"] != inode_of("uts")
    finally:
        child.communicate(b"\n", timeout=10)


def test_capabilities_and_users(execution):
    assert execution["yagura_cap_effective"] == status("CapEff")
    assert execution["yagura_cap_permitted"] == status("CapPrm")
    assert execution["yagura_cap_ambient"] == status("CapAmb")
    assert execution["process_saved_user_id"] == 0
    assert execution["yagura_no_new_privs"] == int(status("NoNewPrivs"))
    assert execution["yagura_privileged"] == 0


def test_fewer_capabilities(live, marker):
    words = ["setpriv", "--bounding-set=-all,+chown", "--inh-caps=-all", "/bin/true", marker]
    row = live.collector.wait_row(EXEC_BY_PID + " AND process_args NOT LIKE '%setpriv%'", run(words), f"%{marker}%")
    assert row["yagura_cap_effective"] == f"{1:016x}"


def test_session_and_login(execution):
    assert execution["process_session_leader_pid"] == os.getsid(0)
    assert execution["yagura_loginuid"] == proc_number("loginuid")
    assert execution["yagura_audit_session"] == proc_number("sessionid")
    assert execution["process_vpid"] == execution["process_pid"]


def test_pid_inside_a_namespace(live, marker):
    words = ["unshare", "--pid", "--fork", "/bin/true", marker]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, timeout=30)
    row = live.collector.wait_row("SELECT * FROM execs WHERE process_args LIKE ?", f'["/bin/true","{marker}"]')
    assert row["process_vpid"] == 1 and row["process_pid"] != 1


def test_control_group(execution):
    assert execution["yagura_cgroup"] == own_cgroup()
    assert execution["container_id"] is None


def test_working_directory(live, recorded, marker, tmp_path):
    row = exec_row(live, run([marker], executable="/bin/true", cwd=tmp_path), marker)
    assert row["process_working_directory"] == recorded(os.path.realpath(tmp_path))


def test_file(execution):
    truth = os.stat(TRUE)
    assert execution["file_inode"] == truth.st_ino
    assert execution["file_size"] == truth.st_size
    assert execution["file_mode"] == f"{truth.st_mode & 0o7777:04o}"
    assert execution["yagura_file_nlink"] == truth.st_nlink
    for column, seconds in (("file_mtime", truth.st_mtime), ("file_ctime", truth.st_ctime)):
        assert execution[column].startswith(time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))), column


def test_script(live, marker, tmp_path):
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\nexit 0\n", encoding="ascii")
    script.chmod(0o755)
    row = exec_row(live, run(["./script", marker], cwd=tmp_path), marker)
    assert row["yagura_script"] == "./script"


def test_no_script(execution):
    assert execution["yagura_script"] is None


def test_nameless_file(live, marker):
    memory = os.memfd_create("nameless")
    os.write(memory, pathlib.Path(TRUE).read_bytes())
    pid = run([marker], executable=f"/proc/self/fd/{memory}", pass_fds=[memory])
    os.close(memory)
    row = exec_row(live, pid, marker)
    assert (row["yagura_memfd"], row["yagura_deleted"]) == (1, 1)


def test_run_time(live, marker):
    """From the fork to the end; not longer than we saw it run."""
    begun = time.monotonic()
    pid = run(["sh", "-c", "sleep 0.3", marker])
    seen_us = (time.monotonic() - begun) * 1e6
    row = live.collector.wait_row(
        "SELECT * FROM exits WHERE process_pid = ? AND process_args LIKE ?", pid, f"%{marker}%"
    )
    assert 300_000 <= row["yagura_run_us"] <= seen_us


def test_socket_of_a_flow(live):
    """Both ends are in our own namespace and control group."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with socket.create_connection(listener.getsockname()) as client:
            server, _ = listener.accept()
            port = client.getsockname()[1]
            client.sendall(b"x")
            server.recv(1)
            server.close()
            assert client.recv(1) == b""
    for direction in ("egress", "ingress"):
        row = live.collector.wait_row(
            "SELECT * FROM flows WHERE yagura_final = 1 AND network_direction = ? AND source_port = ?", direction, port
        )
        assert (row["network_transport"], row["network_iana_number"]) == ("tcp", 6)
        assert row["yagura_count"] == 1 and row["yagura_ports"] is None
