# SPDX-License-Identifier: Apache-2.0
"""The two daemons as the tests run them: configuration, start, stop, kill; the store they fill."""

import contextlib
import ctypes
import json
import os
import pathlib
import random
import signal
import socket
import sqlite3
import struct
import subprocess
import time

import evidence

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = ROOT / "build" / "bin"
SENSOR = BIN / "yagurad"
COLLECTOR = BIN / "yagura-collector"
CTL = BIN / "yaguractl"
CLASSES = ("exec", "exit", "flow")
STOP_SECONDS = 20
ROW_SECONDS = 30  # kernel to collector takes a fifth of a second; a disk of 3 s a sync takes 15
POLL_SECONDS = 0.05
STALL_SECONDS = 1.0  # a round of waiting that takes longer counts as this much
UNUSED_PORTS = iter(random.sample(range(10000, 32768), 22768))
RUNNING = []  # every daemon that was started and not yet stopped; shown when a test fails


def wait_until(predicate, seconds, what=""):
    """The first true answer of `predicate`; fails with its last one. Only time in which the machine
    runs counts: a host that holds still as a whole gives nobody the chance to do anything."""
    left, before = seconds, time.monotonic()
    while True:
        answer = predicate()
        if answer:
            return answer
        if left < 0:
            raise AssertionError(f"not within {seconds} s: {what or predicate} (last: {answer!r})")
        time.sleep(POLL_SECONDS)
        now = time.monotonic()
        left -= min(now - before, STALL_SECONDS)
        before = now


def free_port(address="127.0.0.1"):
    """A port nobody listens at, handed out once: no other test's flow has it. The kernel's own choices
    begin at 32768, so none of them takes it before it is used."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for port in UNUSED_PORTS:
        with contextlib.suppress(OSError), socket.socket(family) as probe:
            probe.bind((address, port))
            return port
    raise AssertionError("every port below the ephemeral ones is used")


def end_with_parent():
    """Runs in the child: should pytest be killed, what it started is asked to stop."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


class Process:
    """Something a test has started, ended by its own id."""

    def __init__(self, command, log):
        self.log = pathlib.Path(log)
        with self.log.open("ab") as output:
            self.popen = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
        self.pid = self.popen.pid

    def is_running(self):
        return self.popen.poll() is None

    def output(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    def kill(self):
        self.popen.kill()
        self.popen.wait()

    def stop(self, number=signal.SIGTERM):
        """The exit status; one that does not stop is killed, and that is an error."""
        if self.is_running():
            self.popen.send_signal(number)
        try:
            return self.popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not stop within {STOP_SECONDS} s:\n{self.output()}") from None


def write_config(path, sections):
    lines = []
    for name, options in sections.items():
        lines += [f"[{name}]", *(f"{key} = {value}" for key, value in options.items()), ""]
    path.write_text("\n".join(lines), encoding="utf-8")


def tls_options(pki, name):
    return {"ca": pki / "ca.crt", "certificate": pki / f"{name}.crt", "key": pki / f"{name}.key"}


class Daemon:
    """Started and stopped any number of times; while it runs a failed test shows its state."""

    process = None

    def run(self, command, log):
        self.process = Process(command, log)
        RUNNING.append(self)

    def take_process(self):
        """The process, which is the caller's to end."""
        process, self.process = self.process, None
        RUNNING.remove(self)
        return process

    def stop(self, number=signal.SIGTERM):
        if self.process:
            process = self.take_process()
            code = process.stop(number)
            assert code == 0, f"{self.name}: exit status {code}\n{process.output()}"


class Collector(Daemon):
    """One collector's store and configuration."""

    name = "collector"

    def __init__(self, directory, pki):
        self.directory = directory / "collector"
        self.directory.mkdir()
        self.config = directory / "collector.conf"
        self.port = free_port()
        self.sections = {
            "listen": {"address": "127.0.0.1", "port": self.port},
            "tls": tls_options(pki, "collector"),
            "store": {"directory": self.directory},
            "log": {"level": "debug"},
        }

    def start(self):
        write_config(self.config, self.sections)
        log = self.directory.parent / "collector.log"
        self.run([COLLECTOR, "--config", self.config], log)
        wait_until(self.answers, 10, "the collector listens")

    def answers(self):
        assert self.process.is_running(), self.process.output()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self):
        self.take_process().kill()

    def evidence(self):
        return f"{evidence.log_text(self.process)}\n{evidence.newest_rows(self)}"

    def rows(self, query, *parameters):
        """Rows as dictionaries; none while there is no store yet."""
        path = self.directory / "yagura.db"
        if not path.exists():
            return []
        store = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
        try:
            store.row_factory = sqlite3.Row
            return [dict(row) for row in store.execute(query, parameters)]
        finally:
            store.close()

    def wait_rows(self, count, query, *parameters, seconds=ROW_SECONDS):
        """Waits for at least so many rows; the caller says how many there may be at most."""

        def enough():
            rows = self.rows(query, *parameters)
            return rows if len(rows) >= count else None

        try:
            return wait_until(enough, seconds, f"{count} rows of {query} {parameters}")
        except AssertionError as error:
            near = evidence.nearest_rows(self, query, parameters)
            raise AssertionError(f"{error}\n{near}") from None

    def wait_row(self, query, *parameters, seconds=ROW_SECONDS):
        rows = self.wait_rows(1, query, *parameters, seconds=seconds)
        assert len(rows) == 1, rows
        return rows[0]

    def wait_stored(self, seconds=ROW_SECONDS):
        """Until the store has what was acknowledged before this: acknowledged is what the log has."""
        asked, status = time.time(), self.directory / "status.json"

        def has_all():
            if not status.exists() or status.stat().st_mtime <= asked:
                return False
            return all(sink["lag"] == 0 for sink in json.loads(status.read_text(encoding="utf-8"))["sinks"])

        wait_until(has_all, seconds, "the store has what was acknowledged")

    def missing(self, record_class):
        """Records of a class that gaps account for."""
        query = "SELECT coalesce(sum(yagura_count), 0) AS n FROM gaps WHERE yagura_record_class = ?"
        return self.rows(query, record_class)[0]["n"]


class Sensor(Daemon):
    """One sensor's state and configuration; collector_port None: it only spools."""

    name = "sensor"
    binary = SENSOR

    def __init__(self, directory, pki, collector_port):
        self.directory = directory / "sensor"
        (self.directory / "state").mkdir(parents=True)
        self.config = directory / "sensor.conf"
        self.socket = self.directory / "control.sock"
        self.sections = {
            "sensor": {
                "id": (pki / "sensor.id").read_text(encoding="utf-8").strip(),
                "state_directory": self.directory / "state",
            },
            "batch": {"interval_ms": 100},
            "control": {"socket": self.socket},
            "log": {"level": "debug"},
        }
        if collector_port:
            self.sections["collector"] = {
                "address": f"127.0.0.1:{collector_port}",
                "server_name": "localhost",
                "backoff_min_ms": 100,
                "backoff_max_ms": 500,
                **tls_options(pki, "sensor"),
            }

    def start(self, state="connected"):
        """Waits until every required probe is attached and shipping is in `state` (None: any)."""
        write_config(self.config, self.sections)
        log = self.directory.parent / "sensor.log"
        self.run([self.binary, "--keeper", "--config", self.config], log)
        wait_until(lambda: self.is_ready(state), 30, f"the sensor is ready, see {log}")

    def is_ready(self, state):
        assert self.process.is_running(), self.process.output()
        try:
            now = self.ask_status()
        except OSError:
            return False
        attached = all(p["state"] == "attached" for p in now["probes"] if p["required"])
        return attached and (state is None or now["ship"]["state"] == state)

    def evidence(self):
        return f"{evidence.status_text(self)}\n{evidence.log_text(self.process)}"

    def status(self):
        """Through yaguractl, as an operator asks."""
        command = [CTL, "--socket", self.socket, "status", "--json"]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)

    def ask_status(self):
        """Over the socket, from this process: no program is executed, so nothing becomes due."""
        with socket.socket(socket.AF_UNIX) as stream:
            stream.settimeout(10)
            stream.connect(str(self.socket))
            send_frame(stream, field(1, b"\x08\x01"))  # Request.greeting: protocol 1
            receive_frame(stream)
            send_frame(stream, field(2, field(1, b"status")))  # Request.call: command
            rows, done = [], False
            while not done:
                number, body = split_field(receive_frame(stream))
                done = number == 3
                if number == 2:
                    rows.append(json.loads(split_field(body)[1]))
                elif done and body:
                    raise AssertionError(f"status was refused: {body!r}")
        assert len(rows) == 1, rows
        return rows[0]

    def worker_pid(self):
        """The keeper's child that is a worker, from /proc."""
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
                command = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            parent = int(stat.rpartition(")")[2].split()[1])
            if parent == self.process.pid and b"--worker" in command:
                return int(entry.name)
        return None

    @contextlib.contextmanager
    def stopped_worker(self):
        """SIGSTOP: nobody reads the rings until the block ends."""
        worker = wait_until(self.worker_pid, 10, "a worker runs")
        os.kill(worker, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(worker, signal.SIGCONT)

    def kill_worker(self):
        """SIGKILL; returns when the keeper has started another that answers."""
        old = wait_until(self.worker_pid, 10, "a worker runs")
        os.kill(old, signal.SIGKILL)
        wait_until(lambda: self.worker_pid() not in (None, old), 15, "a new worker runs")


def field(number, body):
    """A protobuf field of bytes; enough for the requests above."""
    return varint(number << 3 | 2) + varint(len(body)) + body


def varint(value):
    encoded = b""
    while value > 0x7F:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])


def split_field(message):
    """Number and bytes of a message's first field, which is all a Reply or Row holds."""
    tag, rest = take_varint(message)
    assert tag & 7 == 2, message
    length, rest = take_varint(rest)
    return tag >> 3, rest[:length]


def take_varint(data):
    value = 0
    for shift, byte in enumerate(data):
        value |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            return value, data[shift + 1 :]
    raise AssertionError("varint without an end")


def send_frame(stream, body):
    stream.sendall(struct.pack(">I", len(body)) + body)


def receive_frame(stream):
    (size,) = struct.unpack(">I", receive_exactly(stream, 4))
    return receive_exactly(stream, size)


def receive_exactly(stream, size):
    data = b""
    while len(data) < size:
        piece = stream.recv(size - len(data))
        if not piece:
            raise ConnectionError("the daemon closed the connection")
        data += piece
    return data
