# SPDX-License-Identifier: Apache-2.0
"""What the labelled generator (tests/support/owners) and nginx say of their sockets, and whether the
rows of the collector say the same."""

import collections
import contextlib
import json
import os
import pathlib
import subprocess
import time

import evidence
from daemons import ROOT, end_with_parent

OWNERS = ROOT / "build" / "tests" / "owners"
PLAY_SECONDS = 60
ROWS_SECONDS_MIN, ROWS_SECONDS_MAX = 15, 90

# The qualities that name a process as a fact; the others say themselves that they do not know.
NAMED = ("caller", "creator", "snapshot", "kernel")

RIGHT, UNSAID, WRONG, MISSING = "right", "unsaid", "wrong", "missing"
# What of a row is shown beside a label that it does not agree with.
SHOWN = (
    "yagura_owner_quality", "process_entity_id", "yagura_listener_entity_id", "yagura_shared",
    "source_bytes", "destination_bytes", "yagura_state", "event_start", "event_end",
)


class Scenario(collections.namedtuple("Scenario", "name transport what")):
    """One row of the generator's tables."""


def scenarios(transport):
    """Nothing where it is not built: the tests then fail for want of a scenario."""
    if not OWNERS.exists():
        return []
    answer = subprocess.run([OWNERS, "--list"], capture_output=True, text=True, check=True, timeout=20)
    rows = [Scenario(*line.split("\t")) for line in answer.stdout.splitlines()]
    return [row.name for row in rows if row.transport == transport]


@contextlib.contextmanager
def bystanders():
    """Processes that compute and never talk, on every CPU: whom interrupts find when packets come,
    and who must never be named."""
    command = ["/bin/sh", "-c", "while :; do :; done"]
    started = []
    try:
        for _ in range(os.cpu_count()):
            started.append(subprocess.Popen(command, preexec_fn=end_with_parent))
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def play(names):
    """Labels of all scenarios over both families at once, and why some could not be played."""
    processes = [
        subprocess.Popen(
            [OWNERS, family, *names],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=end_with_parent,
        )
        for family in "46"
    ]
    labels, cannot = [], {}
    for process in processes:
        output, errors = process.communicate(timeout=PLAY_SECONDS)
        assert process.returncode == 0, errors
        for line in map(json.loads, output.splitlines()):
            if "cannot" in line:
                cannot[line["scenario"]] = line["cannot"]
            else:
                labels.append(line)
    return labels, cannot


def start_ticks(pid):
    """As the labels have it."""
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    return int(stat.rpartition(")")[2].split()[19])


def identity(row, who):
    """(pid, start in ticks) of "process" or "yagura_listener" in a row; (None, None) for nobody."""
    entity = row[f"{who}_entity_id"]
    if not entity:
        return None, None
    _, pid, start_ns, _ = entity.split("-")
    return int(pid), int(start_ns, 16) * os.sysconf("SC_CLK_TCK") // 1_000_000_000


def ends(transport, direction, flow):
    columns = ("source_ip", "source_port", "destination_ip", "destination_port")
    return (transport, direction, *(flow[column] for column in columns))


class Verdict(collections.namedtuple("Verdict", "kind label row details")):
    """What became of one label. `details`: what is not as it was, the owner left out."""

    def __str__(self):
        row = self.row and {column: self.row[column] for column in SHOWN if column in self.row}
        return f"{self.kind} {', '.join(self.details)}\n  label {self.label}\n  row   {row}"


def judge(label, row):
    if row is None:
        return Verdict(MISSING, label, row, [])
    owner = identity(row, "process")
    if owner == (label["owner_pid"], label["owner_start"]):
        kind = RIGHT
    elif row["yagura_shared"] and owner == (label["socket_pid"], label["socket_start"]):
        kind = RIGHT
    elif is_acceptor_before_its_child(label, row, owner):
        kind = RIGHT
    else:
        kind = WRONG if row["yagura_owner_quality"] in NAMED else UNSAID
    return Verdict(kind, label, row, list(differences(label, row)))


def is_acceptor_before_its_child(label, row, owner):
    """Bytes that come while accept() holds the socket are acknowledged on its caller's own stack, once
    in thousands of times: then it is the first who was seen, and its child the second. Said so, that
    is what happened."""
    return row["yagura_shared"] and owner == (label["listener_pid"], label["listener_start"])


def differences(label, row):
    for column in ("source_bytes", "destination_bytes"):
        if row[column] != label[column]:
            yield f"{column}: {row[column]}, was {label[column]}"
    listener = identity(row, "yagura_listener")
    if listener != (label["listener_pid"], label["listener_start"]):
        yield f"listener: {listener}, was {label['listener_pid']}"
    if is_acceptor_before_its_child(label, row, identity(row, "process")):
        return
    if bool(row["yagura_shared"]) != label["shared"]:
        yield f"shared: {row['yagura_shared']}, was {label['shared']}"


def is_delivered(sensor):
    """Every flow that was generated so far is acknowledged, or told as lost."""
    terms = sensor.ask_status()["conservation"]["flow"]
    return terms["spooled"] == terms["in_memory"] == 0


def wait_for_rows(pair, query, ports, count):
    """Until there are so many; else until nothing is on its way any more: on a host that is busy
    with others a row may be late, and only what was delivered and is not there is missing."""
    started = time.monotonic()
    while True:
        found = pair.collector.rows(f"SELECT count(*) AS n {query}", *ports)
        waited = time.monotonic() - started
        if found and found[0]["n"] >= count or waited > ROWS_SECONDS_MAX:
            return
        if waited > ROWS_SECONDS_MIN and is_delivered(pair.sensor):
            pair.collector.wait_stored()
            return
        time.sleep(0.2)


def rows_of(pair, labels):
    """Final rows of the labels' sockets by their ends, in order."""
    ports = sorted({label["destination_port"] for label in labels})
    query = f"FROM flows WHERE yagura_final = 1 AND destination_port IN ({','.join('?' * len(ports))})"
    wait_for_rows(pair, query, ports, len(labels))
    found = collections.defaultdict(collections.deque)
    for row in pair.collector.rows(f"SELECT * {query} ORDER BY event_start", *ports):
        found[ends(row["network_transport"], row["network_direction"], row)].append(row)
    return found


def judge_all(pair, labels):
    """A verdict a label. The same ends may be used again, one after the other."""
    found = rows_of(pair, labels)
    verdicts = []
    for label in labels:
        rows = found[ends(label["transport"], label["direction"], label)]
        verdicts.append(judge(label, rows.popleft() if rows else None))
    return verdicts


def look_around(pair, verdict):
    """For a missing row: those of any state, direction or transport that come nearest to it."""
    columns = ("source_port", "destination_port", "owner_pid", "source_ip")
    wanted = [verdict.label[column] for column in columns]
    return evidence.nearest_rows(pair.collector, "SELECT * FROM flows", wanted)


def summary(verdicts):
    """Counts a scenario, as a table for people."""
    counts = collections.defaultdict(collections.Counter)
    for verdict in verdicts:
        counts[verdict.label["scenario"]][verdict.kind] += 1
        counts[verdict.label["scenario"]]["differs"] += bool(verdict.details)
    columns = (RIGHT, UNSAID, WRONG, MISSING, "differs")
    lines = [f"{'scenario':24}" + "".join(f"{column:>9}" for column in columns)]
    lines += [
        f"{name:24}" + "".join(f"{count[column]:9}" for column in columns)
        for name, count in counts.items()
    ]
    return "\n".join(lines)
