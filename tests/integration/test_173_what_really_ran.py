# SPDX-License-Identifier: Apache-2.0
"""Attempts at having something else hashed than what ran: each record has the digest of what was executed, or none
and says why. The truth is the bytes that the test wrote itself."""

import contextlib
import hashlib
import mmap
import os
import pathlib
import shutil
import subprocess
import time

import pytest

from daemons import wait_until

EXEC = "SELECT rowid, * FROM execs WHERE process_pid = ? AND process_args LIKE ?"
TRUE = pathlib.Path("/bin/true").read_bytes()
CAT = pathlib.Path("/bin/cat").read_bytes()
WITHOUT = ("changed", "vanished", "unsettled", "not_confirmed", "unreadable")
SETTLE_SECONDS = 0.05  # more than two ticks of any kernel: file times tell a change
TIMES = 60


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def write(path, content, settle=True):
    path.write_bytes(content)
    path.chmod(0o755)
    if settle:
        time.sleep(SETTLE_SECONDS)
    return path


def script_of(text, shell="/bin/sh"):
    return f"#!{shell}\n# {text}\n".encode()


def run(words, **options):
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               **options)
    process.wait(30)
    return process.pid


def hold(words, **options):
    """Runs until its input is closed, as cat does."""
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, **options)


def settled(live, pid, marker):
    """The exec's row once it is known of both files what they held, or why not."""

    def row():
        rows = live.collector.rows(EXEC, pid, f"%{marker}%")
        states = (rows[0]["yagura_hash_status"], rows[0]["yagura_script_hash_status"]) if rows else ("pending",)
        return rows[0] if "pending" not in states else None

    return wait_until(row, 30, f"exec of {pid} with {marker} has its hashes")


def check(row, want, column="process_hash_sha256", status="yagura_hash_status"):
    """The very digest, or none."""
    if row[column] is None:
        assert row[status] in WITHOUT, row[status]
    else:
        assert row[column] == want and row[status] in ("ok", "touched"), row[status]


def check_whole(row, want):
    assert (row["yagura_hash_status"], row["process_hash_sha256"]) == ("ok", want)


def check_whole_script(row, want):
    assert (row["yagura_script_hash_status"], row["yagura_script_sha256"]) == ("ok", want)


def check_script(row, want):
    check(row, want, "yagura_script_sha256", "yagura_script_hash_status")


# --- programs ---


def test_written_over_at_once(live, marker, tmp_path):
    """In place and of the same size: its times are those of a moment before, if it is within one tick."""
    program, one, other = tmp_path / "program", TRUE + b"1" + marker.encode(), TRUE + b"2" + marker.encode()
    pids = []
    for number in range(TIMES):
        write(program, one, settle=False)
        pids.append(run([program, f"{marker}-{number}."]))
        program.write_bytes(other)
    rows = [settled(live, pid, f"{marker}-{number}.") for number, pid in enumerate(pids)]
    for row in rows:
        check(row, sha256(one))
    again = settled(live, run([write(program, other), f"{marker}-again"]), f"{marker}-again")
    check_whole(again, sha256(other))  # a file that is left alone is hashed


def test_a_program_just_written_that_goes_on(live, marker, tmp_path):
    """As what is fetched, made executable and started is: it can still be known."""
    content = CAT + marker.encode()
    process = hold([write(tmp_path / "fetched", content, settle=False), "-", marker])
    row = settled(live, process.pid, marker)
    process.communicate(b"", timeout=10)
    check_whole(row, sha256(content))


def test_times_put_back(live, marker, tmp_path):
    """It ends, is written over, has its mtime back, and is executed again by the same process."""
    program, one, other = tmp_path / "program", TRUE + b"1" + marker.encode(), TRUE + b"2" + marker.encode()
    code = (
        "import os, sys\n"
        "path, first, second = sys.argv[1:]\n"
        "if os.spawnv(os.P_WAIT, path, ['x', first]) == 0:\n"
        "    facts = os.stat(path)\n"
        "    with open(path, 'r+b') as file:\n"
        f"        file.seek({len(TRUE)}); file.write(b'2')\n"
        "    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))\n"
        "    os.execv(path, ['x', second])\n"
    )
    for number in range(TIMES // 4):
        write(program, one)
        pid = run(["python3", "-c", code, program, f"{marker}-first-{number}.", f"{marker}-second-{number}."])
        first = wait_until(lambda n=number: live.collector.rows(
            "SELECT * FROM execs WHERE process_args = ?", f'["x","{marker}-first-{n}."]'), 30, "the first")[0]
        check(settled(live, first["process_pid"], f"first-{number}."), sha256(one))
        second = wait_until(lambda n=number, p=pid: live.collector.rows(
            "SELECT * FROM execs WHERE process_pid = ? AND process_args = ?", p, f'["x","{marker}-second-{n}."]'),
            30, "the second")[0]
        check(second if second["process_hash_sha256"] else settled(live, pid, f"[\"x\",\"{marker}-second-{number}."),
              sha256(other))


def test_a_hard_link_is_the_same_file(live, marker, tmp_path):
    content = TRUE + marker.encode()
    program = write(tmp_path / "one", content)
    settled(live, run([program, f"{marker}-0."]), f"{marker}-0.")
    os.link(program, tmp_path / "two")
    time.sleep(SETTLE_SECONDS)
    program.unlink()
    write(program, CAT)
    row = settled(live, run([tmp_path / "two", f"{marker}-1."]), f"{marker}-1.")
    check(row, sha256(content))


@contextlib.contextmanager
def mounted(*words):
    subprocess.run(["mount", *words], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", words[-1]], check=True)


def test_another_mounted_over_it(live, marker, tmp_path):
    content = CAT + marker.encode()
    program, other = write(tmp_path / "program", content), write(tmp_path / "other", TRUE)
    process = hold([program, "-", marker])
    with mounted("--bind", other, program):
        row = settled(live, process.pid, marker)
        ended = run([program, f"{marker}-other"])
        assert settled(live, ended, f"{marker}-other")["process_hash_sha256"] == sha256(TRUE)
    process.communicate(b"", timeout=10)
    check_whole(row, sha256(content))


def test_in_a_root_of_its_own(live, marker, tmp_path):
    """pivot_root: another file has that name outside, and the process ends at once."""
    if not shutil.which("busybox"):
        pytest.skip("no static program is installed")
    inside, outside = pathlib.Path(shutil.which("busybox")), pathlib.Path(f"/{marker}")
    outside.mkdir()
    script = (
        f"mount -t tmpfs none {tmp_path} && cd {tmp_path} && mkdir old {marker} && cp {inside} {marker}/busybox &&"
        f" pivot_root . old && exec /{marker}/busybox true {marker}"
    )
    try:
        write(outside / "busybox", TRUE)
        subprocess.run(["unshare", "--mount", "sh", "-c", script], check=True, timeout=30)
        rows = wait_until(lambda: live.collector.rows(
            "SELECT * FROM execs WHERE process_args = ?", f'["/{marker}/busybox","true","{marker}"]'), 30, "the exec")
        check(settled(live, rows[0]["process_pid"], f'busybox","true","{marker}"]'), sha256(inside.read_bytes()))
    finally:
        shutil.rmtree(outside)


@pytest.mark.parametrize("change", ["chmod", "write"])
def test_copied_up_while_it_runs(live, marker, tmp_path, change):
    """The lower layer's program gets a copy above; with `write` of another content."""
    content = CAT + marker.encode()
    with mounted("-t", "tmpfs", "none", tmp_path):
        for name in ("lower", "upper", "work", "merged"):
            (tmp_path / name).mkdir()
        write(tmp_path / "lower" / "program", content)
        layers = ",".join(f"{name}dir={tmp_path / name}" for name in ("lower", "upper", "work"))
        program = tmp_path / "merged" / "program"
        with mounted("-t", "overlay", "-o", layers, "overlay", tmp_path / "merged"):
            process = hold([program, "-", marker])
            if change == "chmod":
                program.chmod(0o700)
            else:
                program.unlink()
                write(program, TRUE)
            row = settled(live, process.pid, marker)
            process.communicate(b"", timeout=10)
    check(row, sha256(content))


def test_a_large_sparse_program(live, marker, tmp_path):
    """Two terabytes of nothing: over the limit, and nobody waits."""
    program = write(tmp_path / "sparse", CAT)
    os.truncate(program, 2 << 40)
    process = hold([program, "-", marker])
    row = settled(live, process.pid, marker)
    process.communicate(b"", timeout=10)
    assert row["yagura_hash_status"] == "too_large" and row["process_hash_sha256"] is None


# --- scripts ---


def test_a_script_that_changes_directory(live, marker, tmp_path):
    """Executed by a relative name; by the time anybody looks, it and its parent are elsewhere, or have gone."""
    directory = tmp_path / "some"
    directory.mkdir()
    content = script_of(marker) + b"cd /\n"
    write(directory / "script", content)
    for number, (name, start) in enumerate((("./script", directory), ("some/script", tmp_path),
                                            ("some/../some/script", tmp_path), ("../some/script", directory))):
        word = f"{marker}-{number}."
        subprocess.run(["sh", "-c", f"cd {start} && {name} {word}; cd /; :"], check=True, timeout=30)
        rows = wait_until(lambda w=word: live.collector.rows(
            "SELECT * FROM execs WHERE yagura_script IS NOT NULL AND process_args LIKE ?", f"%{w}%"), 30, "the script")
        row = settled(live, rows[0]["process_pid"], f"\"/bin/sh\",%{word}")
        assert row["yagura_script"] == name
        check_whole_script(row, sha256(content))


def test_a_script_is_found_through_a_link(live, marker, tmp_path):
    content = script_of(marker)
    write(tmp_path / "script", content)
    (tmp_path / "link").symlink_to("script")
    time.sleep(SETTLE_SECONDS)  # links, too, have times, which are written as they are followed
    row = settled(live, run([tmp_path / "link", marker]), marker)
    check_whole_script(row, sha256(content))


def test_a_script_written_over_at_once(live, marker, tmp_path):
    script, one, other = tmp_path / "script", script_of(f"{marker}1"), script_of(f"{marker}2")
    pids = []
    for number in range(TIMES):
        write(script, one, settle=False)
        pids.append(run([script, f"{marker}-{number}."]))
        script.write_bytes(other)
    for number, pid in enumerate(pids):
        check_script(settled(live, pid, f"{marker}-{number}."), sha256(one))


def test_a_script_written_to_while_it_runs(live, marker, tmp_path):
    one = script_of(f"{marker}1", "/bin/cat -")
    script = write(tmp_path / "script", one)
    with subprocess.Popen([script, marker], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(b"x")
        process.stdin.flush()
        assert process.stdout.read(1) == b"x", "it is executed to its end"
        with open(script, "r+b") as file:
            file.write(script_of(f"{marker}2", "/bin/cat -"))
        row = settled(live, process.pid, marker)
    check_script(row, sha256(one))


def test_a_script_whose_directory_was_exchanged(live, marker, tmp_path):
    """None of the files' times tells; the script that takes its place is older than the execution."""
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    one, other = script_of(f"{marker}1", "/bin/cat -"), script_of(f"{marker}2", "/bin/cat -")
    for number in range(TIMES // 4):
        write(tmp_path / "one" / "script", one, settle=False)
        write(tmp_path / "other" / "script", other)
        process = hold([tmp_path / "one" / "script", f"{marker}-{number}."])
        os.rename(tmp_path / "one", tmp_path / "aside")
        os.rename(tmp_path / "other", tmp_path / "one")
        os.rename(tmp_path / "aside", tmp_path / "other")
        row = settled(live, process.pid, f"{marker}-{number}.")
        process.communicate(b"", timeout=10)
        check_script(row, sha256(one))


def test_a_script_without_a_name(live, marker):
    """Its times do not tell of what is written to it through memory."""
    memory = os.memfd_create("nameless")
    content = script_of(marker, "/bin/cat -")
    os.write(memory, content)
    time.sleep(SETTLE_SECONDS)
    process = hold([f"/dev/fd/{memory}", marker], pass_fds=[memory])
    row = settled(live, process.pid, marker)
    process.communicate(b"", timeout=10)
    os.close(memory)
    assert (row["yagura_script_hash_status"], row["yagura_script_sha256"]) == ("unsettled", None)


def write_through_memory(path, at, content):
    """Once its pages were read, no time of a file in memory moves."""
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        assert len(bytes(memory[:])) > at
        memory[at:at + len(content)] = content


@pytest.mark.parametrize("kind", ["program", "script"])
def test_written_to_where_times_do_not_tell(live, marker, tmp_path, kind):
    one, other = ((TRUE + number + marker.encode() if kind == "program" else script_of(number.decode() + marker)
                   for number in (b"1", b"2")))
    with mounted("-t", "tmpfs", "none", tmp_path):
        path, before = write(tmp_path / kind, one), None
        rows = [settled(live, run([path, f"{marker}-0."]), f"{marker}-0.")]
        before = path.stat()
        write_through_memory(path, 0, other)
        after = path.stat()
        assert path.read_bytes() == other and (before.st_mtime_ns, before.st_ctime_ns) == (after.st_mtime_ns,
                                                                                           after.st_ctime_ns)
        rows.append(settled(live, run([path, f"{marker}-1."]), f"{marker}-1."))
    for row, content in zip(rows, (one, other), strict=True):
        (check if kind == "program" else check_script)(row, sha256(content))


def test_a_program_that_goes_on_where_times_do_not_tell(live, marker, tmp_path):
    content = CAT + marker.encode()
    with mounted("-t", "tmpfs", "none", tmp_path):
        process = hold([write(tmp_path / "program", content), "-", marker])
        row = settled(live, process.pid, marker)
        process.communicate(b"", timeout=10)
    check_whole(row, sha256(content))


@pytest.mark.parametrize("make", [lambda path: os.mkfifo(path, 0o755), lambda path: os.mknod(path, 0o20755, os.makedev(1, 3))],
                         ids=["pipe", "device"])
def test_what_no_kernel_executes(live, marker, tmp_path, make):
    """It stands where a script was executed a moment before: nobody opens it."""
    content = script_of(marker, "/bin/cat -")
    script = write(tmp_path / "script", content)
    process = hold([script, marker])
    script.unlink()
    make(script)
    with pytest.raises(PermissionError):
        run([script])
    row = settled(live, process.pid, marker)
    process.kill()  # cat would open it, too
    process.communicate(timeout=10)
    check_script(row, sha256(content))
    assert live.sensor.ask_status()["sensor"], "nobody waits for the pipe's other end"
