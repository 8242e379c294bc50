# SPDX-License-Identifier: Apache-2.0
"""How yagura-replay ends: exit status, what it prints, and what it complains of."""

import gzip
import json
import pathlib
import struct
import subprocess
import tempfile

from check_results import Result

SECONDS = 60
ETHERNET, RAW, USB = 1, 101, 220
# 10.0.0.1:1000 > 10.0.0.2:2000, "abc"
DATAGRAM = bytes.fromhex("4500001f00010000401100000a0000010a00000203e807d0000b0000616263")
FRAME = bytes(12) + b"\x08\0" + DATAGRAM


def pcap(link_type, *packets):
    """draft-ietf-opsawg-pcap 4 and 5."""
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link_type)
    records = [
        struct.pack("<IIII", 1700000000 + i, 5, len(packet), len(packet)) + packet
        for i, packet in enumerate(packets)
    ]
    return head + b"".join(records)


def block(order, kind, body):
    """draft-ietf-opsawg-pcapng 3.1."""
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def pcapng(*packets, order="<"):
    """Each of (link type, packet) from an interface of its own, 4.1 to 4.3."""
    out = block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    for i, (link_type, _packet) in enumerate(packets):
        out += block(order, 1, struct.pack(order + "HHI", link_type, 0, 65535 + i))
    for i, (_link_type, packet) in enumerate(packets):
        head = struct.pack(order + "IIIII", i, 0x60A00, 0, len(packet), len(packet))
        out += block(order, 6, head + packet)
    return out


WHOLE = pcap(RAW, DATAGRAM)
CUT = pcap(RAW, DATAGRAM, DATAGRAM)[:-1]

# name, files, options, exit status, flows printed, what stderr says
CASES = [
    ("a capture", {"a": WHOLE}, ["a"], 0, 1, ""),
    ("gzip", {"a": gzip.compress(WHOLE)}, ["a"], 0, 1, ""),
    ("pcapng", {"a": pcapng((RAW, DATAGRAM))}, ["a"], 0, 1, ""),
    ("gzip of pcapng", {"a": gzip.compress(pcapng((RAW, DATAGRAM)))}, ["a"], 0, 1, ""),
    ("two captures", {"a": WHOLE, "b": WHOLE}, ["a", "b"], 0, 2, ""),
    ("a capture of nothing", {"a": pcap(RAW)}, ["a"], 0, 0, ""),
    ("standard input", {"-": WHOLE}, ["-"], 0, 1, ""),
    ("standard input, gzip", {"-": gzip.compress(WHOLE)}, ["-"], 0, 1, ""),
    ("cut: what is whole is printed", {"a": CUT}, ["a"], 1, 1, "a: truncated dump file"),
    ("gzip that is cut", {"a": gzip.compress(WHOLE)[:-9]}, ["a"], 1, 1, "a: the gzip stream is cut"),
    (
        "gzip that is damaged",
        {"a": gzip.compress(WHOLE)[:-8] + bytes(8)},
        ["a"],
        1,
        0,
        "a: the gzip stream is damaged",
    ),
    ("no capture", {"a": b"no capture at all, a text"}, ["a"], 1, 0, "a: unknown file format"),
    ("an empty file", {"a": b""}, ["a"], 1, 0, "a: truncated dump file"),
    ("no such file", {}, ["a"], 1, 0, "a: No such file or directory"),
    ("a directory", {}, ["."], 1, 0, ".: Is a directory"),
    ("another one goes on", {"b": WHOLE}, ["a", "b"], 1, 1, "a: No such file or directory"),
    (
        "a link type nobody knows here",
        {"a": pcap(USB, DATAGRAM)},
        ["a"],
        1,
        0,
        "a: its link type (220) is not known here",
    ),
    ("interfaces of two link types", {"a": pcapng((RAW, DATAGRAM), (ETHERNET, FRAME))}, ["a"], 0, 1, ""),
    (
        "interfaces of which one is not known here",
        {"a": pcapng((RAW, DATAGRAM), (USB, DATAGRAM), (ETHERNET, FRAME))},
        ["a"],
        1,
        1,
        "a: its link type (220) is not known here",
    ),
    (
        "sections that were joined, of either byte order",
        {"a": pcapng((RAW, DATAGRAM)) + pcapng((ETHERNET, FRAME), order=">") + pcapng((RAW, DATAGRAM))},
        ["a"],
        0,
        1,
        "",
    ),
    (
        "a section that is cut",
        {"a": pcapng((RAW, DATAGRAM)) + pcapng((RAW, DATAGRAM))[:-1]},
        ["a"],
        1,
        1,
        "a: the file ends in the middle of a block",
    ),
    ("no file", {}, [], 2, 0, "no FILE given"),
    ("an unknown option", {}, ["--fast", "a"], 2, 0, "unrecognized option"),
    ("an unknown format", {}, ["--format", "xml", "a"], 2, 0, "no format 'xml'"),
]


def run(program, arguments, directory, text=b""):
    command = [str(pathlib.Path(program).resolve()), *arguments]
    return subprocess.run(
        command, input=text, capture_output=True, timeout=SECONDS, cwd=directory, check=False
    )


def one(program, case, directory):
    name, files, options, status, flows, complaint = case
    for path, content in files.items():
        if path != "-":
            pathlib.Path(directory, path).write_bytes(content)
    outcome = run(program, options, directory, files.get("-", b""))
    errors = outcome.stderr.decode("utf-8", "replace")
    problems = []
    if outcome.returncode != status:
        problems.append(f"exit status {outcome.returncode}, not {status}")
    lines = [json.loads(line) for line in outcome.stdout.decode("utf-8").splitlines()]
    if len(lines) != flows or any(line["event"]["action"] != "flow" for line in lines):
        problems.append(f"{len(lines)} lines, not {flows} flows")
    if complaint not in errors or (errors == "") != (complaint == ""):
        problems.append(f"stderr is {errors!r}, not {complaint!r}")
    word = "failed" if problems else "passed"
    return Result(f"ending: {name}", word, "\n".join(problems))


def other_outputs(program, directory):
    """--help and --version, and formats that are no lines."""
    pathlib.Path(directory, "a").write_bytes(WHOLE)
    full = pathlib.Path("/dev/full")
    for name, options, status, said in (
        ("help", ["--help"], 0, b"--format"),
        ("version", ["--version"], 0, b"yagura-replay "),
        ("summary", ["--format", "summary", "a"], 0, b"flows udp "),
        ("batch", ["--format", "batch", "a"], 0, b"\x08\x01"),
    ):
        outcome = run(program, options, directory)
        well = outcome.returncode == status and said in outcome.stdout
        text = f"exit status {outcome.returncode}, printed {outcome.stdout!r}"
        yield Result(f"ending: {name}", "passed" if well else "failed", text)
    with full.open("wb") as output:
        outcome = subprocess.run(
            [str(pathlib.Path(program).resolve()), "a"],
            stdout=output,
            stderr=subprocess.PIPE,
            timeout=SECONDS,
            cwd=directory,
            check=False,
        )
    well = outcome.returncode == 1 and b"output: it cannot be written" in outcome.stderr
    yield Result("ending: a full disk", "passed" if well else "failed", str(outcome))


def endings(program):
    results = []
    for case in CASES:
        with tempfile.TemporaryDirectory(prefix="yagura-check-") as directory:
            results.append(one(program, case, directory))
    with tempfile.TemporaryDirectory(prefix="yagura-check-") as directory:
        results += other_outputs(program, directory)
    return results
