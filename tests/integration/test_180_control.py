# SPDX-License-Identifier: Apache-2.0
"""What an operator asks of a running sensor: records as they happen, processes, their tree."""

import contextlib
import json
import os
import re
import resource
import shutil
import socket
import subprocess
import uuid

import pytest

from daemons import CTL, field, receive_frame, send_frame, split_field, wait_until

WATCHERS = 50
CLIENTS = 1000
VIEWERS_MAX = 56
CUT_RECORDS = 900  # of 2 KiB and more: what a socket and the daemon hold is less


def ctl(sensor, *words, check=True):
    command = [CTL, "--socket", sensor.socket, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=check)


def connect(sensor):
    stream = socket.socket(socket.AF_UNIX)
    stream.settimeout(20)
    stream.connect(str(sensor.socket))
    send_frame(stream, field(1, b"\x08\x01"))
    return stream


def call(stream, command, **arguments):
    values = [field(2, field(1, name.encode()) + field(2, value.encode()))
              for name, value in arguments.items()]
    send_frame(stream, field(2, field(1, command.encode()) + b"".join(values)))


class Watch:
    """yaguractl watch, with its rows as they came."""

    def __init__(self, sensor, *words):
        command = [CTL, "--socket", sensor.socket, "watch", *words]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def rows(self):
        text, _ = self.process.communicate(timeout=30)
        return self.process.returncode, text.splitlines()


@contextlib.contextmanager
def watch(sensor, *words):
    watcher = Watch(sensor, *words)
    try:
        yield watcher
    finally:
        watcher.process.kill()
        watcher.process.wait()


@pytest.fixture
def program(tmp_path):
    """An executable that nobody else runs; ends at once."""
    return shutil.copy("/bin/true", tmp_path / f"true-{uuid.uuid4().hex}")


def run_until(watcher, *command):
    """Over and over: between connecting and asking, records go by."""

    def ended():
        subprocess.run(command, check=True, timeout=30)
        subprocess.run(["/bin/true"], check=True, timeout=30)
        return watcher.process.poll() is not None

    wait_until(ended, 30, "the watch has seen enough")


def test_watch_shows_what_is_asked_for(live, program):
    with watch(live.sensor, "--class", "exec", "--executable", f"*{program.name}", "--limit", "2",
               "--json") as watcher:
        run_until(watcher, program, "some", "words")
        status, rows = watcher.rows()
    records = [json.loads(row) for row in rows]
    assert status == 0 and len(records) == 2
    for record in records:
        assert record["event"]["action"] == "exec"
        assert record["process"]["executable"].endswith(program.name)
        assert record["process"]["args"][1:] == ["some", "words"]


def test_watch_for_people(live, program):
    with watch(live.sensor, "class=exec", f"executable=*{program.name}", "limit=1") as watcher:
        run_until(watcher, program, "red \x1b[31m")
        _, rows = watcher.rows()
    assert len(rows) == 1 and program.name in rows[0]
    assert "\x1b" not in rows[0], "nothing steers the terminal"


@pytest.mark.parametrize("words, says", [
    (["class=nonsense"], "'class': 'nonsense' is not exec, exit"),
    (["address=1.2.3.4/99"], "is not an address or a network"),
    (["port=0"], "is not a port"),
    (["port=x"], "must be a number"),
])
def test_bad_filters_are_refused(live, words, says):
    answer = ctl(live.sensor, "watch", *words, check=False)
    assert answer.returncode == 3
    assert says in answer.stderr


def test_another_call_ends_a_watch(live):
    with connect(live.sensor) as stream:
        receive_frame(stream)
        call(stream, "watch", **{"executable": "/nowhere"})
        call(stream, "processes", limit="1")
        assert split_field(receive_frame(stream)) == (3, b""), "the watch is done"
        assert split_field(receive_frame(stream))[0] == 2


class Reader:
    """A watcher that may read or not."""

    def __init__(self, sensor, program):
        self.stream, self.text = connect(sensor), bytearray()
        receive_frame(self.stream)
        call(self.stream, "watch", **{"class": "exec", "executable": f"*{program.name}"})

    def read(self):
        """All that has come; False when the daemon has closed."""
        self.stream.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while received := self.stream.recv(1 << 20):
                self.text += received
            return False
        return True


def test_who_never_reads_is_cut_and_the_others_suffer_nothing(pair, program):
    """Fifty watch; one of them does not read. It ends with a reason, the others see everything."""
    idle, *readers = [Reader(pair.sensor, program) for _ in range(WATCHERS)]
    for number in range(CUT_RECORDS):
        subprocess.run([program, f"number-{number:04}.", "x" * 2000], check=True, timeout=30)
        for reader in readers:
            assert reader.read()
    last = f"number-{CUT_RECORDS - 1:04}.".encode()

    def everybody_saw_the_last():
        return all(reader.read() and last in reader.text for reader in readers)

    wait_until(everybody_saw_the_last, 30, "the last record reached every reader")
    assert {bytes(reader.text) for reader in readers} == {bytes(readers[0].text)}
    wait_until(lambda: not idle.read(), 30, "who did not read is cut off")
    assert idle.text.endswith(b"a filter or a limit makes them fewer")
    assert last not in idle.text
    for reader in (idle, *readers):
        reader.stream.close()


def test_a_thousand_clients_harm_nobody(pair):
    """Those above the number of places are told so; whoever may set things right gets in."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    streams = []
    try:
        for _ in range(CLIENTS):
            stream = socket.socket(socket.AF_UNIX)
            stream.connect(str(pair.sensor.socket))
            stream.settimeout(20)
            streams.append(stream)
        refused = 0
        for stream in streams[VIEWERS_MAX + 10:]:
            with contextlib.suppress(ConnectionResetError):
                refused += b"too many clients" in stream.recv(4096)
        assert refused == CLIENTS - VIEWERS_MAX - 10
    finally:
        for stream in streams:
            stream.close()
    wait_until(lambda: ctl(pair.sensor, "status", check=False).returncode == 0, 20, "room again")


def test_processes_are_listed(live):
    answer = ctl(live.sensor, "processes", "--pid", str(os.getpid()), "--json")
    rows = json.loads(answer.stdout)["processes"]
    assert [row["pid"] for row in rows] == [os.getpid()]
    assert rows[0]["parent_pid"] == os.getppid()
    assert rows[0]["state"] == "runs"
    nobody = json.loads(ctl(live.sensor, "processes", "/nowhere", "--json").stdout)
    assert nobody == {"processes": []}, "the shape is the same for none"
    few = json.loads(ctl(live.sensor, "processes", "--limit", "2", "--json").stdout)["processes"]
    assert len(few) == 3 and few[2]["omitted"] > 0, "what is left out is said"


def test_a_tree_has_ancestors_and_descendants(live):
    child = subprocess.Popen(["/bin/sh", "-c", "sleep 60 & echo $!; wait"], stdout=subprocess.PIPE,
                             text=True)
    try:
        grandchild = int(child.stdout.readline())

        def shown():
            rows = json.loads(ctl(live.sensor, "tree", str(child.pid), "--json").stdout)["processes"]
            return rows if any(row["pid"] == grandchild for row in rows) else None

        rows = wait_until(lambda: ctl(live.sensor, "tree", str(child.pid), check=False).returncode == 0
                          and shown(), 10, "the grandchild is known")
    finally:
        subprocess.run(["pkill", "-P", str(child.pid)], check=False)
        child.kill()
        child.wait()
    by_pid = {row["pid"]: row for row in rows}
    assert by_pid[os.getpid()]["depth"] + 1 == by_pid[child.pid]["depth"]
    assert by_pid[child.pid]["depth"] + 1 == by_pid[grandchild]["depth"]
    assert by_pid[grandchild]["executable"].endswith("/sleep")
    assert rows[0]["depth"] == 0


def test_a_process_nobody_knows(live):
    answer = ctl(live.sensor, "tree", str(2**22 + 1), check=False)
    assert answer.returncode == 3
    assert "no process 4194305 is known" in answer.stderr
    assert ctl(live.sensor, "tree", check=False).returncode == 3


def test_doctor_finds_nothing_wrong_with_a_sensor_that_works(live):
    rows = json.loads(ctl(live.sensor, "doctor", "--json").stdout)["checks"]
    checks = {row["check"]: row for row in rows}
    assert checks["nothing lost unsaid"]["state"] == "good"
    assert checks["collector"]["state"] == "good"
    assert checks["spool"]["state"] == "good"
    text = ctl(live.sensor, "doctor").stdout
    assert "good  collector" in text


def test_stats_for_prometheus(live):
    """Each line is name, labels and number, as the text format wants them."""
    lines = ctl(live.sensor, "stats", "--prometheus").stdout.splitlines()
    line_form = re.compile(r'yagura_[a-zA-Z0-9_]+(\{([a-z]+="([^"\\\n]|\\.)*",?)+\})? -?[0-9.e+-]+$')
    assert len(lines) > 100
    for line in lines:
        assert line_form.fullmatch(line), line
    assert len(set(lines)) == len(lines)
    assert any(line.startswith('yagura_conservation_generated{class="exec"} ') for line in lines)
    assert 'yagura_ship_state{value="connected"} 1' in lines
