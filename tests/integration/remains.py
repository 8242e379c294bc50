# SPDX-License-Identifier: Apache-2.0
"""Where bytes could have stayed: the memory of processes (all that a core file would hold), the BPF
maps and rings of the keeper, the spool and the store."""

import contextlib
import ctypes
import mmap
import os
import pathlib
import re
import subprocess
import zlib

RINGBUF = 27  # enum bpf_map_type
ARRAY = 2
STORAGES = {19, 21, 24, 25, 27, 29, 32}  # cgroup, socket and task storage: no keys to walk
MMAPABLE = 1 << 10  # BPF_F_MMAPABLE
PIDFD_GETFD = 438  # asm-generic/unistd.h
ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]")


def memory_of(pid):
    """(name, bytes) of every readable mapping."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines():
            span, rights, *_ = line.split()
            begin, end = (int(number, 16) for number in span.split("-"))
            if not rights.startswith("r") or "[v" in line:  # [vvar] and [vdso] are the kernel's
                continue
            memory.seek(begin)
            with contextlib.suppress(OSError):
                yield f"memory of {pid}: {line}", memory.read(end - begin)


def borrowed(pid, number):
    """A descriptor of another process, as one of ours."""
    libc = ctypes.CDLL(None, use_errno=True)
    process = os.pidfd_open(pid)
    try:
        descriptor = libc.syscall(PIDFD_GETFD, process, number, 0)
    finally:
        os.close(process)
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "pidfd_getfd")
    return descriptor


def maps_of(pid):
    """(descriptor number, what /proc says of it) of each BPF map."""
    for entry in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        facts = dict(line.split(":", 1) for line in entry.read_text(encoding="ascii").splitlines() if ":" in line)
        if "map_type" in facts:
            yield int(entry.name), {name: int(value, 0) for name, value in facts.items()
                                    if name.startswith(("map_", "max_", "key_", "value_"))}


def mapped(pid, number, offset, size):
    descriptor = borrowed(pid, number)
    try:
        with mmap.mmap(descriptor, size, mmap.MAP_SHARED, mmap.PROT_READ, offset=offset) as view:
            return view[:]
    finally:
        os.close(descriptor)


def rounded(size, to):
    return (size + to - 1) // to * to


def dumped(map_id):
    """Keys and values as bytes, through bpftool."""
    text = subprocess.run(["/usr/sbin/bpftool", "-j", "map", "dump", "id", str(map_id)], capture_output=True,
                          text=True, timeout=60, check=False).stdout
    return bytes(int(digits, 16) for digits in re.findall(r'"0x([0-9a-f]{2})"', text))


def kernel_of(pid):
    """(name, bytes) of each ring and map that the keeper holds."""
    page = mmap.PAGESIZE
    for number, facts in maps_of(pid):
        name = f"map {facts['map_id']}, type {facts['map_type']}"
        if facts["map_type"] == RINGBUF:
            yield f"ring, {name}", mapped(pid, number, 2 * page, facts["max_entries"])
        elif facts["map_type"] == ARRAY and facts["map_flags"] & MMAPABLE:
            size = facts["max_entries"] * rounded(facts["value_size"], 8)
            yield f"mmapable, {name}", mapped(pid, number, 0, rounded(size, page))
        elif facts["map_type"] not in STORAGES:
            yield name, dumped(facts["map_id"])


def inflated(data):
    """The data, and what any deflated piece in it says."""
    yield data
    for match in ZLIB.finditer(data):
        with contextlib.suppress(zlib.error):
            yield zlib.decompressobj().decompress(data[match.start() :])


def files_below(directory):
    for path in sorted(pathlib.Path(directory).rglob("*")):
        if path.is_file():
            for number, data in enumerate(inflated(path.read_bytes())):
                yield f"file {path} ({number})", data


def places(sensor, collector):
    """Everything, now."""
    keeper, worker = sensor.process.pid, sensor.worker_pid()
    yield from memory_of(keeper)
    yield from memory_of(worker)
    yield from kernel_of(keeper)
    yield from files_below(sensor.directory)
    yield from files_below(collector.directory)


def found(words, places):
    """{word: names of the places that hold its beginning or its end}; words are ASCII."""
    where = {word: set() for word in words}
    for name, data in places:
        for word in words:
            if word.encode()[:16] in data or word.encode()[-16:] in data:
                where[word].add(name)
    return where
