# SPDX-License-Identifier: Apache-2.0
"""yagura-replay over the captures of ../shared/corpus: what it prints is what is expected of them,
and no capture, whole or cut, makes it crash."""

import collections
import json
import os
import pathlib
import random
import subprocess
import tempfile

import check_replay
from check_results import Result, exit_text

CORPUS = pathlib.Path("../shared/corpus")
# Where the corpus and a specification disagree: capture, kind, value, the clause that decides.
EXCEPTIONS = pathlib.Path("tests/support/corpus_exceptions.tsv")
REPLAY = "build/bin/yagura-replay"
SANITIZED = "build/asan/bin/yagura-replay"
SANITIZER = {"ASAN_OPTIONS": "exitcode=99", "UBSAN_OPTIONS": "exitcode=99:print_stacktrace=1"}
SECONDS = 120
EVERY_LENGTH_BYTES = 1024  # longer captures are cut at as many places of all
CUTS_AT_ONCE = 256

# kind: where NDJSON has it, and what its values begin with
KINDS = {
    "ja3": ("tls.client.ja3", ("",)),
    "ja3s": ("tls.server.ja3s", ("",)),
    "ja4": ("tls.client.ja4", ("",)),
    "ja4_r": ("yagura.ja4_r", ("",)),
    "sni": ("tls.client.server_name", ("",)),
    "npf1": ("yagura.npf", ("tls/1/", "dtls/1/")),
    "npf": ("yagura.npf", ("quic/",)),
    "hassh": ("yagura.hassh", ("",)),
    "hasshserver": ("yagura.hassh_server", ("",)),
    "muonfp": ("yagura.tcp_syn", ("",)),
    "muonfp_synack": ("yagura.tcp_synack", ("",)),
    "ssh_banner": ("yagura.ssh_client yagura.ssh_server", ("",)),
    "quic_version": ("yagura.quic_version", ("",)),
}


def memory():
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def run(command, environment=None):
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        env={**os.environ, **(environment or {})},
        check=False,
    )


def ends(one, other):
    """Both ends of a flow, whoever is named first."""
    return tuple(sorted((one, other)))


def wanted(kind, value):
    """Empty values stand for none."""
    return kind in KINDS and value != "" and value.startswith(KINDS[kind][1])


def read_expected():
    """(capture, kind, ends) → values."""
    expected = collections.defaultdict(set)
    lines = (CORPUS / "expected.tsv").read_text(encoding="utf-8").splitlines()
    for line in lines[1:]:
        pcap, _proto, src, sport, dst, dport, kind, value = line.split("\t")
        if wanted(kind, value):
            expected[pcap, kind, ends((src, int(sport)), (dst, int(dport)))].add(value)
    return expected


def read_exceptions():
    """(capture, kind, value) → the clause."""
    lines = EXCEPTIONS.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return {(pcap, kind, value): clause for pcap, kind, value, clause in rows}


def values_at(flow, path):
    for name in path.split("."):
        flow = flow.get(name, {})
    if flow == {}:
        return []
    return [str(value) for value in flow] if isinstance(flow, list) else [str(flow)]


def read_actual(pcap, lines):
    """As read_expected(), from what yagura-replay printed."""
    actual = collections.defaultdict(set)
    for line in lines:
        flow = json.loads(line)
        both = ends(*(
            (flow[end].get("ip", ""), flow[end].get("port", 0)) for end in ("source", "destination")
        ))
        for kind, (paths, _beginnings) in KINDS.items():
            found = [value for path in paths.split() for value in values_at(flow, path)]
            actual[pcap, kind, both].update(value for value in found if wanted(kind, value))
    return actual


def compare(pcap, expected, actual, exceptions):
    """What differs and no exception explains, a line each; and which exceptions do."""
    problems, used = [], set()
    for key in sorted(set(expected) | set(actual)):
        for word, values in (
            ("missing", expected.get(key, set()) - actual.get(key, set())),
            ("not expected", actual.get(key, set()) - expected.get(key, set())),
        ):
            for value in sorted(values):
                row = (pcap, key[1], value)
                if row in exceptions:
                    used.add(row)
                else:
                    problems.append(f"{word}: {key[1]} of {key[2]}: {value}")
    return problems, used


def values(paths):
    """One result a capture."""
    expected, exceptions = read_expected(), read_exceptions()
    results, used = [], set()
    for capture in paths:
        pcap = str(capture.relative_to(CORPUS))
        outcome = run([REPLAY, str(capture)])
        text = outcome.stderr.decode("utf-8", "replace")
        if outcome.returncode not in (0, 1):
            results.append(Result(pcap, "failed", f"{exit_text(outcome.returncode)}\n{text}"))
            continue
        actual = read_actual(pcap, outcome.stdout.decode("utf-8").splitlines())
        here = {key: found for key, found in expected.items() if key[0] == pcap}
        problems, explained = compare(pcap, here, actual, exceptions)
        used |= explained
        word = "failed" if problems else "passed"
        results.append(Result(pcap, word, "\n".join(problems)))
    stale = sorted(set(exceptions) - used)
    stale = "\n".join(f"explains nothing: {' '.join(row)}" for row in stale)
    return results + [Result(str(EXCEPTIONS), "failed" if stale else "passed", stale)]


def lengths(size):
    """Every length of a short file; of a long one places all over it."""
    if size <= EVERY_LENGTH_BYTES:
        return range(size)
    chosen = random.Random(size)  # the same places each time
    return sorted(chosen.sample(range(size), EVERY_LENGTH_BYTES // 4))


def replay_sanitized(paths):
    """What was printed, by kind; what went wrong, or nothing."""
    outcome = run([SANITIZED, *paths], SANITIZER)
    if outcome.returncode not in (0, 1):
        return {}, f"{exit_text(outcome.returncode)}\n{outcome.stderr.decode('utf-8', 'replace')}"
    printed = collections.defaultdict(set)
    for key, found in read_actual("", outcome.stdout.decode("utf-8").splitlines()).items():
        printed[key[1]] |= found
    return printed, ""


def replay_cuts(capture, directory):
    """Runs over prefixes of one capture, many in a process. None may crash, or print a value that
    the whole does not: of what was cut there is no fingerprint."""
    content = capture.read_bytes()
    cuts = list(lengths(len(content)))
    whole, problem = replay_sanitized([str(capture)])
    if problem:
        return problem
    for first in range(0, len(cuts), CUTS_AT_ONCE):
        paths = []
        for cut in cuts[first : first + CUTS_AT_ONCE]:
            path = pathlib.Path(directory, str(cut))
            path.write_bytes(content[:cut])
            paths.append(str(path))
        printed, problem = replay_sanitized(paths)
        for path in paths:
            os.unlink(path)
        for kind, found in printed.items():
            if extra := found - whole[kind]:
                problem += f"{kind} of a part, not of the whole: {', '.join(sorted(extra))}\n"
        if problem:
            return problem
    return ""


def cut(paths):
    """One result for all: a capture cut anywhere ends well, and tells nothing that is wrong."""
    problems = []
    with tempfile.TemporaryDirectory(prefix="yagura-check-", dir=memory()) as directory:
        for capture in paths:
            if problem := replay_cuts(capture, directory):
                problems.append(f"{capture}: {problem}")
    word = "failed" if problems else "passed"
    return [Result("captures cut at many lengths", word, "\n".join(problems))]


def captures():
    return sorted(CORPUS.rglob("*.pcap*"))


def corpus():
    """The programs are built."""
    results = check_replay.endings(REPLAY)
    if not (CORPUS / "expected.tsv").exists():
        return results + [Result("captures", "skipped", f"{CORPUS} is not there")]
    return results + values(captures()) + cut(captures())
