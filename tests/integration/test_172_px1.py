# SPDX-License-Identifier: Apache-2.0
"""What an execution is called, and that no argument leaves the host that must not. The fingerprints' truth is
tests/support/px1.py, which was written from proto/PX1.md alone."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import uuid

import pytest

import remains
from daemons import wait_until

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import px1  # noqa: E402

EXEC = "SELECT * FROM execs WHERE process_pid = ? AND event_action = 'exec' ORDER BY rowid DESC"
PENDING = "SELECT * FROM execs WHERE yagura_hash_status = 'pending' OR yagura_script_hash_status = 'pending'"
TRUE = os.path.realpath("/bin/true")
CAT = os.path.realpath("/bin/cat")
FIRST_PID_NS = 4026531836  # PROC_PID_INIT_INO, include/linux/proc_ns.h
LARGE_BYTES = 64 << 20
RULES = "match tk_([0-9a-f]+)\nredact = option --code"
PARENT = "import subprocess, sys; sys.stdin.readline(); subprocess.run(['/bin/true', sys.argv[1]], check=True)"


def secret():
    return f"{uuid.uuid4().hex}{uuid.uuid4().hex}"


def copy(source, path):
    shutil.copy(source, path)
    path.chmod(0o755)
    return path


def run(words, **options):
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **options)
    process.wait(30)
    return process.pid


def parts(row):
    return row["yagura_px1"].split("_")


def is_quiet(sensor):
    terms = sensor.ask_status()["conservation"].values()
    return all(term["in_memory"] == 0 for term in terms)


# --- px1 ---


def kind_of(row):
    if row["yagura_memfd"]:
        return "m"
    if row["yagura_deleted"]:
        return "d"
    return "s" if row["yagura_script"] else "e"


def ancestors_of(row):
    paths = json.loads(row["yagura_ancestors"] or "[]")
    if not paths and row["process_parent_pid"]:
        paths = [row["process_parent_executable"]]
    known = [path.encode() if path else None for path in paths]
    if known and row["yagura_kernel_ancestor"]:
        known[-1] = b""
    return known


def expected(row):
    cut = bool(row["process_args_truncated"])
    arguments = [argument.encode() for argument in json.loads(row["process_args"] or "[]")]
    return px1.px1(kind_of(row), str(row["process_effective_user_id"]),
                   "t" if row["process_tty_char_device_major"] else "n",
                   "h" if row["yagura_pidns"] == FIRST_PID_NS else "c",
                   row["process_hash_sha256"] or "-", cut, ancestors_of(row), arguments)


def is_comparable(row):
    """Stored whole: not redacted, all UTF-8, and no ancestor above the init of a container."""
    text = f"{row['process_args']}{row['process_executable']}{row['yagura_ancestors']}"
    return row["yagura_args_redacted"] == 0 and "\ufffd" not in text and row["yagura_pidns"] == FIRST_PID_NS


def test_every_exec_has_the_px1_of_the_other_implementation(stopped_pair, marker, tmp_path):
    pair = stopped_pair
    pair.start()
    script = tmp_path / "script"
    script.write_text("#!/bin/sh -e\n/bin/true -n10 \"$1\"; exec /bin/echo --since=2024-01-02 /tmp/x\n", encoding="utf-8")
    script.chmod(0o755)
    large = copy(CAT, tmp_path / "large")
    os.truncate(large, LARGE_BYTES)
    time.sleep(0.1)  # what is executed while it is written may have no hash
    pids = [run([script, marker]), run([TRUE, "-v", *map(str, range(120))]), run([TRUE, "", "a b", marker]),
            run([large, "/dev/null"]), run(["nobody", "-u"], executable=TRUE, user=65534)]
    for pid in pids:  # the script's executes another
        wait_until(lambda pid=pid: pair.collector.rows(EXEC, pid), 20, f"the exec of {pid} is stored")
    wait_until(lambda: is_quiet(pair.sensor) and not pair.collector.rows(PENDING), 60, "all hashes are there")
    rows = pair.collector.rows("SELECT * FROM execs")
    judged = [row for row in rows if is_comparable(row)]
    differ = [(row["process_args"], row["yagura_ancestors"], row["yagura_px1"], expected(row))
              for row in judged if row["yagura_px1"] != expected(row)]
    assert not differ, differ
    assert {row["process_pid"] for row in judged} >= set(pids)
    assert {parts(row)[0][0] for row in judged} >= {"e", "s"}
    slow = pair.collector.rows(EXEC, pids[3])[0]
    assert parts(slow)[1] == slow["process_hash_sha256"][:12], "the update has filled it"


def test_other_values_give_the_same_shape(live, marker):
    words = (["--max-time", "10", "a.o"], ["--max-time", "2000", "b.o"], ["--max-time", "ten", "b.o"])
    rows = [live.collector.wait_row(EXEC, run([TRUE, *some])) for some in words]
    first, second, other = map(parts, rows)
    assert first == second
    assert first[2] != other[2] and first[3] == other[3]


def test_a_memfd_a_deleted_file_and_a_container(live, marker, tmp_path):
    memory = os.memfd_create("ghost")
    os.write(memory, pathlib.Path(CAT).read_bytes())
    program = copy(CAT, tmp_path / "gone")
    for words, letter, options in (
        ([f"/proc/self/fd/{memory}", "-"], "m", {"pass_fds": [memory]}),
        ([f"/proc/self/fd/{os.open(program, os.O_RDONLY)}", "-"], "d", {"close_fds": False}),
    ):
        program.unlink(missing_ok=True)
        if letter == "d":
            os.set_inheritable(int(words[0].rsplit("/", 1)[1]), True)
        assert parts(live.collector.wait_row(EXEC, run(words, **options)))[0][0] == letter
    os.close(memory)
    run(["unshare", "--pid", "--fork", "--kill-child", TRUE, marker])
    row = live.collector.wait_row("SELECT * FROM execs WHERE process_executable LIKE '%/true' AND process_args LIKE ?",
                                  f"%{marker}%")
    assert parts(row)[0][3] == "c"


# --- redaction ---


def commands(directory, word):
    """Each with a secret at another place; the programs are none of what they are called."""
    called = {name: copy(TRUE, directory / name) for name in ("curl", "mysql", "sshpass", "tool")}
    return (
        [called["curl"], "-u", f"user:{word}", "https://example.org/"],
        [called["curl"], f"https://user:{word}@example.org/"],
        [called["mysql"], "-u", "root", f"-p{word}", "shop"],
        [called["sshpass"], "-p", word, "ssh", "web"],
        [called["tool"], f"--password={word}"],
        [called["tool"], f"say=tk_{word}"],
        [called["tool"], "--code", word],
    )


def places(pair):
    yield from remains.files_below(pair.sensor.directory)
    yield from remains.files_below(pair.collector.directory)


def spooled(pair, mode, directory):
    """Runs everything with a secret, and one thing without, before there is a collector; what the spool says of
    both words, and the pids."""
    pair.sensor.sections["argv"] = {"mode": mode, "redact": RULES}
    pair.sensor.start(state=None)
    word, plain = secret(), secret()
    pids = [run(words) for words in commands(directory, word)] + [run([TRUE, plain])]
    wait_until(lambda: is_quiet(pair.sensor), 30, "everything is spooled")
    kept = remains.found([word, plain], remains.files_below(pair.sensor.directory))
    return word, plain, kept, pids


@pytest.mark.parametrize("mode", ["full", "shape", "none"])
def test_secrets_do_not_leave(stopped_pair, tmp_path, mode):
    pair = stopped_pair
    word, plain, kept, pids = spooled(pair, mode, tmp_path)
    assert not kept[word]
    assert bool(kept[plain]) == (mode == "full"), "the search finds what is there"
    pair.collector.start()
    rows = [pair.collector.wait_row(EXEC, pid) for pid in pids]
    pair.sensor.stop()
    again = remains.found([word, plain], places(pair))
    assert not again[word]
    assert bool(again[plain]) == (mode == "full")
    assert [row["yagura_args_redacted"] for row in rows] == [1] * (len(pids) - 1) + [0]
    assert {row["yagura_args_shape"] for row in rows} == {int(mode == "shape")}
    assert not any(row["yagura_args_gave_up"] for row in rows)
    told = [json.loads(row["process_args"] or "[]") for row in rows]
    if mode == "full":
        assert told[2][1:] == ["-u", "root", "-p[REDACTED]", "shop"]
    elif mode == "shape":
        assert told[2] == ["mysql", "-u", "root", "-p<secret>", "shop"]
    else:
        assert not any(told)
    mysql = px1.shape([b"mysql", b"-u", b"root", b"-px", b"shop"], False)
    assert parts(rows[2])[0][4:] == "05" and parts(rows[2])[2] == px1.digest(mysql), "of what was executed"


def test_what_ran_before_the_sensor_is_redacted(stopped_pair, marker):
    word = secret()
    words = [sys.executable, "-c", PARENT, marker, "--password", word]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as process:
        stopped_pair.start()
        process.communicate(b"\n", timeout=30)
    row = stopped_pair.collector.wait_row("SELECT * FROM execs WHERE process_args LIKE ?", f'["/bin/true","{marker}"]')
    assert json.loads(row["process_parent_args"])[3:] == [marker, "--password", "[REDACTED]"]
    wait_until(lambda: is_quiet(stopped_pair.sensor), 30, "everything is stored")
    assert not remains.found([word], places(stopped_pair))[word]


def test_the_journal_is_in_no_core_file(live):
    """It has arguments; "dd" is what madvise(MADV_DONTDUMP) sets."""
    smaps = pathlib.Path(f"/proc/{live.sensor.worker_pid()}/smaps").read_text(encoding="utf-8")
    journals = re.findall(r"/memfd:yagura-state.*?VmFlags:([a-z ]*)", smaps, re.DOTALL)
    assert journals and all("dd" in flags.split() for flags in journals), journals


def journal_of(sensor):
    for link in pathlib.Path(f"/proc/{sensor.worker_pid()}/fd").iterdir():
        if "memfd:yagura-state" in os.readlink(link):
            return link.read_bytes()
    raise AssertionError("the worker has no journal")


def test_the_journal_has_no_secret(live, marker):
    word = secret()
    pid = run(["tool", "--password", word, marker], executable=TRUE)
    assert live.collector.wait_row(EXEC, pid)["yagura_args_redacted"] == 1
    journal = journal_of(live.sensor)
    assert marker.encode() in journal, "what may be told is there"
    assert word.encode() not in journal


def test_another_worker_has_no_more_than_the_one_before(pair, marker):
    """It learns of the execution from the journal."""
    word = secret()
    words = [sys.executable, "-c", PARENT, marker, "--password", word]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as process:
        pair.collector.wait_row(EXEC, process.pid)
        pair.sensor.kill_worker()
        wait_until(lambda: pair.sensor.is_ready("connected"), 20, "the new worker is connected")
        process.communicate(b"\n", timeout=30)
    row = pair.collector.wait_row("SELECT * FROM exits WHERE process_pid = ?", process.pid)
    assert json.loads(row["process_args"])[3:] == [marker, "--password", "[REDACTED]"]
    wait_until(lambda: is_quiet(pair.sensor), 30, "everything is stored")
    assert not remains.found([word], places(pair))[word]
