# SPDX-License-Identifier: Apache-2.0
"""Executions and exits: what ran, with which arguments, from whom, as whom, and how it ended."""

import json
import os
import pathlib
import shutil
import signal
import subprocess

import pytest

TRUE = os.path.realpath("/bin/true")
SHELL = os.path.realpath("/bin/sh")
ARGS_BYTES_MAX = 32768

ARGUMENTS = {
    "none": [],
    "empty": ["", "between", ""],
    "spaces": ["two words", " ", "\t"],
    "quotes": ["'single'", '"double"', "back\\slash"],
    "UTF-8": ["日本語", "é", "\U0001f3ef"],
    "newlines": ["first\nsecond", "\n", "\r\n"],
    "control characters": ["\x1b[31mred", "\x07", "\x7f"],
    "many": [str(number) for number in range(1000)],
}
EXEC_BY_PID = "SELECT * FROM execs WHERE process_pid = ? AND process_args LIKE ?"
EXIT_BY_ENTITY = "SELECT * FROM exits WHERE process_entity_id = ?"


def run(words, executable=None, **options):
    """Runs a command to its end; its pid."""
    process = subprocess.Popen(words, executable=executable, stdin=subprocess.DEVNULL, **options)
    process.wait(30)
    return process.pid


def exec_row(live, pid, marker):
    return live.collector.wait_row(EXEC_BY_PID, pid, f"%{marker}%")


def exit_row(live, execution):
    return live.collector.wait_row(EXIT_BY_ENTITY, execution["process_entity_id"])


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments_are_exact(live, recorded, marker, name):
    words = [marker, *ARGUMENTS[name]]
    row = exec_row(live, run(words, executable="/bin/true"), marker)
    assert json.loads(row["process_args"]) == words
    assert row["process_args_truncated"] == 0
    assert row["process_executable"] == recorded(TRUE)


def test_arguments_that_are_no_utf8_stay_readable(live, marker):
    row = exec_row(live, run([marker.encode(), b"a\xff\xfeb"], executable="/bin/true"), marker)
    last = json.loads(row["process_args"])[-1]
    assert last[0] == "a" and last[-1] == "b" and set(last[1:-1]) == {"\ufffd"}


def test_long_arguments_are_cut_and_said_to_be(live, marker):
    words = [marker, "x" * 102400]
    row = exec_row(live, run(words, executable="/bin/true"), marker)
    found = json.loads(row["process_args"])
    assert row["process_args_truncated"] == 1
    assert found[0] == marker and words[1].startswith(found[1])
    assert sum(len(word) + 1 for word in found) in (ARGS_BYTES_MAX, ARGS_BYTES_MAX + 1)


def test_arguments_just_fit(live, marker):
    words = [marker, "x" * (ARGS_BYTES_MAX - len(marker) - 2)]
    row = exec_row(live, run(words, executable="/bin/true"), marker)
    assert json.loads(row["process_args"]) == words
    assert row["process_args_truncated"] == 0


def test_symbolic_link_resolves_to_the_file(live, recorded, marker, tmp_path):
    shutil.copy(TRUE, tmp_path / "real")
    (tmp_path / "link").symlink_to("real")
    row = exec_row(live, run([marker], executable=tmp_path / "link"), marker)
    assert row["process_executable"] == recorded((tmp_path / "real").resolve())


def test_relative_path_becomes_absolute(live, recorded, marker, tmp_path):
    shutil.copy(TRUE, tmp_path / "real")
    row = exec_row(live, run([marker], executable="./real", cwd=tmp_path), marker)
    assert row["process_executable"] == recorded((tmp_path / "real").resolve())


def test_deep_path(live, recorded, marker, tmp_path):
    directory = tmp_path.joinpath(*["d" * 20] * 30)
    directory.mkdir(parents=True)
    shutil.copy(TRUE, directory / "real")
    row = exec_row(live, run([marker], executable=directory / "real"), marker)
    assert row["process_executable"] == recorded((directory / "real").resolve())


def test_script_is_its_interpreter(live, recorded, marker, tmp_path):
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\nexit 0\n", encoding="ascii")
    script.chmod(0o755)
    row = exec_row(live, run([script, marker]), marker)
    assert row["process_executable"] == recorded(SHELL)
    assert json.loads(row["process_args"]) == ["/bin/sh", str(script), marker]


def test_file_without_a_name(live, marker):
    memory = os.memfd_create("nameless")
    os.write(memory, pathlib.Path(TRUE).read_bytes())
    pid = run([marker], executable=f"/proc/self/fd/{memory}", pass_fds=[memory])
    os.close(memory)
    assert exec_row(live, pid, marker)["yagura_deleted"] == 1


def test_named_file_is_not_deleted(live, marker):
    assert exec_row(live, run([marker], executable="/bin/true"), marker)["yagura_deleted"] == 0


@pytest.mark.parametrize("code", [0, 1, 7, 255])
def test_exit_code(live, recorded, marker, code):
    execution = exec_row(live, run(["sh", "-c", f"exit {code}", marker], executable="/bin/sh"), marker)
    row = exit_row(live, execution)
    assert (row["process_exit_code"], row["yagura_exit_signal"]) == (code, None)
    assert row["process_pid"] == execution["process_pid"]
    assert row["process_executable"] == recorded(SHELL)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_exit_by_signal(live, marker, number):
    command = ["sh", "-c", f"kill -{int(number)} $$", marker]
    row = exit_row(live, exec_row(live, run(command, executable="/bin/sh"), marker))
    assert (row["process_exit_code"], row["yagura_exit_signal"]) == (None, number)


def test_parent_is_this_process(live, recorded, marker):
    row = exec_row(live, run([marker], executable="/bin/true"), marker)
    assert row["process_parent_pid"] == os.getpid()
    assert row["process_parent_executable"] == recorded(os.readlink("/proc/self/exe"))


def test_parent_is_known_by_its_execution(live, recorded, marker):
    """A shell, its child; the child's parent identity is the shell's own."""
    script = f"/bin/true child {marker}; :"
    shell = exec_row(live, run(["sh", "-c", script]), f"true child {marker}; ")
    child = live.collector.wait_row(
        "SELECT * FROM execs WHERE process_parent_entity_id = ?", shell["process_entity_id"]
    )
    assert json.loads(child["process_args"]) == ["/bin/true", "child", marker]
    assert child["process_parent_executable"] == recorded(SHELL)
    assert json.loads(child["process_parent_args"]) == ["sh", "-c", script]


def test_exec_in_one_process_twice(live, recorded, marker):
    """Same pid, another identity each time; one exit, which is the last one's."""
    pid = run(["sh", "-c", f"exec /bin/true {marker}"])
    rows = live.collector.wait_rows(2, EXEC_BY_PID + " ORDER BY rowid", pid, f"%{marker}%")
    assert [row["process_executable"] for row in rows] == [recorded(SHELL), recorded(TRUE)]
    assert rows[0]["process_entity_id"] != rows[1]["process_entity_id"]
    exit_row(live, rows[1])
    assert live.collector.rows(EXIT_BY_ENTITY, rows[0]["process_entity_id"]) == []


def test_users(live, recorded, marker):
    command = ["setpriv", "--reuid=65534", "--regid=65533", "--clear-groups", "/bin/true", marker]
    pid = run(command)
    query = EXEC_BY_PID + " AND process_executable = ?"
    before = live.collector.wait_row(query, pid, f"%{marker}%", recorded(shutil.which("setpriv")))
    after = live.collector.wait_row(query, pid, f"%{marker}%", recorded(TRUE))
    assert (before["process_user_id"], before["process_group_id"]) == (0, 0)
    assert (after["process_user_id"], after["process_group_id"]) == (65534, 65533)
    assert after["process_effective_user_id"] == 65534


def test_failed_execution_makes_no_record(live, marker):
    with pytest.raises(FileNotFoundError):
        run([marker], executable="/nonexistent/program")
    exec_row(live, run([f"after-{marker}"], executable="/bin/true"), f"after-{marker}")
    assert len(live.collector.rows("SELECT * FROM execs WHERE process_args LIKE ?", f"%{marker}%")) == 1


def test_program_that_ran_before_the_sensor(stopped_pair, recorded, marker):
    """Its exit is recorded with what the snapshot learned of it."""
    process = subprocess.Popen(["sh", "-c", "read line", marker], stdin=subprocess.PIPE)
    stopped_pair.start()
    process.communicate(b"\n", timeout=10)
    row = stopped_pair.collector.wait_row("SELECT * FROM exits WHERE process_pid = ?", process.pid)
    assert row["process_executable"] == recorded(SHELL)
    assert json.loads(row["process_args"]) == ["sh", "-c", "read line", marker]
