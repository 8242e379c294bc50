# SPDX-License-Identifier: Apache-2.0
"""The parts of the checks: each a function from the log directory to a list of results."""

import collections
import concurrent.futures
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import capture_dialogues
import capture_variants
import check_controls
import check_corpus
import check_kernels
import debian
import verifier_cost
from check_results import Result, exit_text, from_junit, from_tap

PYTHON = "/usr/bin/python3"  # Debian's: another one first in PATH lacks python3-pytest
JOBS = os.cpu_count() or 1
LINT_SECONDS = 120
BUILD_SECONDS = 420
UNIT_SECONDS = 120
INTEGRATION_SECONDS = 1200
FUZZ_SECONDS = int(os.environ.get("FUZZ_SECONDS", "10"))
ROOT_SECONDS = 420
SKIPPED = 77  # the exit status of a check that cannot run here

# Where make puts what it builds, what it is told, what the programs are told, and the command that
# enters the place where both run.
Place = collections.namedtuple("Place", "directory arguments environment enter")
HOST = Place("build", (), {}, ())


class Broken(Exception):
    """A part could not be run to its end."""


class Outcome:
    """How a command ended, and what it wrote."""

    def __init__(self, code, output, errors):
        self.code, self.output, self.errors = code, output, errors
        self.text = output + errors


def run(command, seconds, environment=None):
    """Runs a command in a session of its own, so that nothing it starts outlives its time."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **(environment or {})},
        start_new_session=True,
    )
    late = ""
    try:
        output, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        late = f"\nended after {seconds} s without an answer\n"
        output, errors = stop(process)
    except BaseException:
        stop(process)
        raise
    decoded = [stream.decode("utf-8", "replace") for stream in (output, errors)]
    return Outcome(process.returncode, decoded[0], decoded[1] + late)


def stop(process):
    """Asks first: pytest then stops what it has started."""
    for number, seconds in ((signal.SIGINT, 20), (signal.SIGKILL, None)):
        os.killpg(process.pid, number)
        try:
            return process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            continue
    return b"", b""


def make(log, *arguments, enter=()):
    outcome = run([*enter, "make", f"-j{JOBS}", *arguments], BUILD_SECONDS)
    log.write_text(outcome.text, encoding="utf-8")
    if outcome.code != 0:
        raise Broken(f"make {' '.join(arguments)}: {exit_text(outcome.code)}\n{outcome.text}")


def lint(logs):
    results = []
    for check in sorted(pathlib.Path("tests/lint").iterdir()):
        if check.suffix or not os.access(check, os.X_OK) or check.is_dir():
            continue
        outcome = run([str(check)], LINT_SECONDS)
        (logs / f"lint-{check.name}.log").write_text(outcome.text, encoding="utf-8")
        word = {0: "passed", SKIPPED: "skipped"}.get(outcome.code, "failed")
        results.append(Result(check.name, word, outcome.text.strip()))
    return results


def build(logs):
    make(logs / "build.log", "all")
    return [Result("build", "passed", "")]


def cmocka(logs, part, suite, place=HOST):
    """Builds and runs every tests/SUITE/**/test_*.c."""
    arguments = [f"BUILD={place.directory}", *place.arguments, f"{suite}-tests"]
    make(logs / f"{part}-build.log", *arguments, enter=place.enter)
    environment = {"CMOCKA_MESSAGE_OUTPUT": "TAP", **place.environment}
    results = []
    with (logs / f"{part}.log").open("w", encoding="utf-8") as log:
        for source in sorted(pathlib.Path("tests", suite).rglob("test_*.c")):
            program = str(source.with_suffix(""))
            command = [*place.enter, f"{place.directory}/{program}"]
            outcome = run(command, UNIT_SECONDS, environment)
            log.write(f"== {program}\n{outcome.text}\n")
            program = program.removeprefix(f"tests/{suite}/")
            results += from_tap(program, outcome.code, outcome.output, outcome.errors)
    return results


def unit(logs):
    return cmocka(logs, "unit", "unit")


def unit_sanitized(logs):
    environment = {
        "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    place = Place("build/asan", ["SANITIZE=1"], environment, ())
    return cmocka(logs, "unit-sanitized", "unit", place)


def need_root(part):
    if os.geteuid() != 0:
        raise Broken(f"loading eBPF programs needs root: sudo make check-{part}")


def bpf(logs):
    need_root("bpf")
    results = cmocka(logs, "bpf", "bpf")
    cost = run([verifier_cost.PROGRAM], UNIT_SECONDS)
    kernel, table = verifier_cost.kernel_of(os.uname().release), verifier_cost.read_table()
    return results + verifier_cost.judge("", cost.text, kernel, table, verifier_cost.compiler())


def kernels(logs):
    make(logs / "kernels-build.log", "bpf-tests")
    return check_controls.controls() + check_kernels.check()


def debian13(logs):
    """What the release's compilers and libraries make of the sources; the kernel is this host's."""
    need_root("debian13")
    made = run(debian.make_root("debian13-build", "trixie"), ROOT_SECONDS)
    if made.code != 0:
        word = "skipped" if made.code == SKIPPED else "failed"
        return [Result("root", word, made.text.strip())]
    place = HOST._replace(enter=debian.enter("debian13-build"))
    make(logs / "debian13-build.log", "all", enter=place.enter)
    results = [Result("build", "passed", "")]
    for suite in ("unit", "bpf"):
        found = cmocka(logs, f"debian13-{suite}", suite, place)
        results += [result._replace(name=f"{suite}/{result.name}") for result in found]
    cost = run([*place.enter, verifier_cost.PROGRAM], UNIT_SECONDS)
    kernel, table = verifier_cost.kernel_of(os.uname().release), verifier_cost.read_table()
    return results + verifier_cost.judge_loads(cost.text, kernel, table)


def integration(logs):
    need_root("integration")
    make(logs / "integration-build.log", "all", "integration-tests")
    report = logs / "integration.xml"
    report.unlink(missing_ok=True)
    # The builds before left hundreds of megabytes to write. A row in the store is four syncs away
    # from its event, one after the other: none is to wait for them while a test counts the seconds.
    os.sync()
    command = [PYTHON, "-B", "-m", "pytest", "-p", "no:cacheprovider", "-v", "-rA"]
    # Short and outside the checkout: a socket's path has 107 bytes. Kept where something failed.
    scratch = tempfile.mkdtemp(prefix="yagura-check-")
    command += [f"--basetemp={scratch}", f"--junitxml={report}", "tests/integration"]
    outcome = run(command, INTEGRATION_SECONDS)
    if outcome.code == 0:
        shutil.rmtree(scratch)
    (logs / "integration.log").write_text(outcome.text, encoding="utf-8")
    results = from_junit(report) if report.exists() else []
    if outcome.code != 0 and not any(result.outcome == "failed" for result in results):
        text = f"pytest: {exit_text(outcome.code)}\n{outcome.text}"
        results.append(Result("pytest", "failed", text))
    return results


def corpus(logs):
    make(logs / "corpus-build.log", "build/bin/yagura-replay")
    make(logs / "corpus-sanitized.log", "BUILD=build/asan", "SANITIZE=1", check_corpus.SANITIZED)
    results = check_corpus.corpus() + list(capture_dialogues.dialogues())
    return results + list(capture_variants.variants(check_corpus.captures()))


def px1(logs):
    """Two implementations of proto/PX1.md, of which neither knows the other."""
    make(logs / "px1-build.log", "build/tests/support/px1/px1_tool")
    results = []
    for name, arguments in (("generated", []), ("vectors", ["--vectors"])):
        outcome = run([PYTHON, "-B", "tests/support/px1_compare.py", *arguments], UNIT_SECONDS)
        (logs / f"px1-{name}.log").write_text(outcome.text, encoding="utf-8")
        results.append(Result(name, "passed" if outcome.code == 0 else "failed", outcome.text))
    return results


def fuzz_one(logs, name):
    scratch = logs / "fuzz" / name
    scratch.mkdir(parents=True, exist_ok=True)
    corpus = pathlib.Path("tests/fuzz/corpus") / name.removeprefix("fuzz_")
    if not corpus.is_dir() or not any(corpus.iterdir()):
        return Result(name, "failed", f"{corpus} holds no seed")
    # What it finds goes to the first directory; the kept corpus is only read.
    command = [f"build/fuzz/tests/fuzz/{name}", f"-max_total_time={FUZZ_SECONDS}", "-timeout=10"]
    command += [f"-artifact_prefix={scratch}/", "-print_final_stats=1", str(scratch), str(corpus)]
    outcome = run(command, FUZZ_SECONDS + 60)
    (logs / f"{name}.log").write_text(outcome.text, encoding="utf-8")
    return Result(name, "passed" if outcome.code == 0 else "failed", outcome.text)


def fuzz(logs):
    make(logs / "fuzz-build.log", "BUILD=build/fuzz", "CC=clang", "FUZZ=1", "fuzz-tests")
    names = sorted(source.stem for source in pathlib.Path("tests/fuzz").glob("fuzz_*.c"))
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        return list(pool.map(lambda name: fuzz_one(logs, name), names))


PARTS = {
    "lint": lint,
    "build": build,
    "unit": unit,
    "unit-sanitized": unit_sanitized,
    "bpf": bpf,
    "integration": integration,
    "corpus": corpus,
    "px1": px1,
    "fuzz": fuzz,
    "debian13": debian13,
    "kernels": kernels,
}
