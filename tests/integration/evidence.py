# SPDX-License-Identifier: Apache-2.0
"""What a failed test leaves to look at: the state of every daemon that runs at that moment."""

import pathlib
import re

LOG_LINES = 25
NEWEST_ROWS = 6
NEAREST_ROWS = 6
NEAREST_OF = 2000
TABLES = ("flows", "execs", "exits", "gaps")
STATUS_PARTS = ("sensor", "counters", "conservation", "ship", "spool", "kernel")
CHATTER = " debug libbpf: "  # a thousand lines at each start, and seldom the matter
MEMORY = ("MemAvailable", "Dirty", "Writeback")


def flattened(value, path=""):
    """Leaves of nested objects that are neither zero nor empty, as "a.b.c=value"."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flattened(inner, f"{path}.{key}" if path else key)
    elif value:
        yield f"{path}={value}"


def status_text(sensor):
    try:
        status = sensor.ask_status()
    except (OSError, AssertionError, ValueError) as error:
        return f"no status: {error!r}"
    lines = [f"{part}: {' '.join(flattened(status.get(part)))}" for part in STATUS_PARTS]
    down = [probe for probe in status["probes"] if probe["state"] != "attached"]
    return "\n".join([*lines, f"probes not attached: {down}"])


def log_text(process):
    lines = [line for line in process.output().splitlines() if CHATTER not in line][-LOG_LINES:]
    state = "running" if process.is_running() else f"ended with {process.popen.returncode}"
    return "\n".join([f"process {process.pid}, {state}; the log's end:", *lines])


def row_text(row):
    """What is not null; arguments are long and seldom the matter."""
    return " ".join(
        f"{column}={str(value)[:60]}" for column, value in row.items() if value is not None
    )


def newest_rows(collector):
    lines = []
    for table in TABLES:
        rows = collector.rows(f"SELECT * FROM {table} ORDER BY rowid DESC LIMIT {NEWEST_ROWS}")
        count = collector.rows(f"SELECT count(*) AS n FROM {table}")
        lines += [f"newest of {table}, which has {count[0]['n'] if count else 0} rows:", *(f"  {row_text(row)}" for row in rows)]
    return "\n".join(lines)


def nearest_rows(collector, query, parameters):
    """Rows of the query's table that hold most of its parameters: what might have been the one."""
    found = re.search(r"\bFROM (\w+)", query)
    if not found:
        return ""
    table, wanted = found[1], set(parameters)
    rows = collector.rows(f"SELECT * FROM {table} ORDER BY rowid DESC LIMIT {NEAREST_OF}")
    near = sorted(rows, key=lambda row: -len(wanted & set(row.values())))[:NEAREST_ROWS]
    lines = [f"  {row_text(row)}" for row in near if wanted & set(row.values())]
    return "\n".join([f"of the newest {len(rows)} rows of {table} the nearest:", *lines])


def host_text():
    """How busy the machine is: a disk or a CPU that stalls looks like a lost record."""
    lines = [f"load {pathlib.Path('/proc/loadavg').read_text(encoding='ascii').strip()}"]
    for what in ("cpu", "io", "memory"):
        pressure = pathlib.Path("/proc/pressure", what)
        if pressure.exists():
            lines += [f"{what} {line}" for line in pressure.read_text(encoding="ascii").splitlines()]
    memory = pathlib.Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return "\n".join([*lines, *(line for line in memory if line.startswith(MEMORY))])


def sections(daemons):
    """(title, text) of each running daemon; whatever goes wrong here must not hide the failure."""
    if daemons:
        yield "host", host_text()
    for daemon in daemons:
        try:
            yield daemon.name, daemon.evidence()
        except Exception as error:  # a store may be broken on purpose
            yield daemon.name, f"no evidence: {error!r}"
