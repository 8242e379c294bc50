# SPDX-License-Identifier: Apache-2.0
"""The BPF suite under every supported kernel: fetch, boot, judge."""

import collections
import pathlib
import subprocess
import time

import guest
import verifier_cost
from check_results import Result, from_tap, total

TABLE = pathlib.Path("tests/vm/kernels.tsv")
FETCH_SECONDS = 300
GUEST_SECONDS = 900  # three to four times what one takes on a busy host
ALL_SECONDS = 45 * 60  # of every guest together: with `make check` at most 70 minutes
UNAVAILABLE = 77  # of tests/vm/fetch: the archive has no such kernel
TIMED_OUT = 124  # of timeout(1)
BOOTS = {"plain": "", "lockdown": "lockdown=confidentiality", "preempt": "preempt=full"}
# They assert argv and paths across mounts, which lockdown hides. What is left of an execution there,
# and that the record says what is hidden, is asserted by test_fallbacks.
NOT_UNDER_LOCKDOWN = "test_process_*"
# What a kernel that preempts tracing programs may skip, and that it is counted.
UNDER_PREEMPTION = ("test_conservation.c", "test_skipped.c")

Kernel = collections.namedtuple("Kernel", "name suites boots only_warns")


def kernels():
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, suites, boots, verdict = line.split("\t")
            yield Kernel(name, suites.split(), boots.split(), verdict == "warn")


def fetch(kernel):
    """None when it is there, else the result that says why not."""
    command = ["timeout", str(FETCH_SECONDS), "tests/vm/fetch", kernel.name, *kernel.suites]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode == TIMED_OUT:
        return Result(f"{kernel.name}/fetch", "skipped", "the mirror is too slow")
    if answer.returncode == 0:
        return None
    outcome = "skipped" if answer.returncode == UNAVAILABLE else "failed"
    return Result(f"{kernel.name}/fetch", outcome, (answer.stdout + answer.stderr).strip())


def tests(boot):
    for source in sorted(pathlib.Path("tests/bpf").glob("test_*.c")):
        if boot == "preempt" and source.name not in UNDER_PREEMPTION:
            continue
        if boot != "lockdown" or not source.match(NOT_UNDER_LOCKDOWN):
            yield str(pathlib.Path("build") / source.with_suffix(""))


def program_results(label, run, programs):
    """What was not even begun, because the guest ended, is a failure like any other."""
    for program in programs:
        name = f"{label}/{pathlib.Path(program).name}"
        if program in run.programs:
            code, output = run.programs[program]
            yield from from_tap(name, code, output, "")
        else:
            yield Result(name, "failed", f"did not run to its end\n{run.console}")
    if not run.done:
        text = f"the guest did not come to its end; last: {run.unfinished or 'booting'}"
        yield Result(f"{label}/guest", "failed", f"{text}\n{run.console}")


def soften(results):
    return [
        Result(r.name, "skipped", f"warning: {r.text}") if r.outcome == "failed" else r
        for r in results
    ]


def boot_results(kernel, boot, judge, seconds):
    label = kernel.name if boot == "plain" else f"{kernel.name}-{boot}"
    programs = list(tests(boot))
    costs = [verifier_cost.PROGRAM] if boot == "plain" else []
    run = guest.boot(kernel.name, [*programs, *costs], seconds, BOOTS[boot])
    results = list(program_results(label, run, programs))
    if costs:
        output = run.programs.get(verifier_cost.PROGRAM, (1, ""))[1]
        series = verifier_cost.kernel_of(run.kernel) if run.kernel else kernel.name
        results += judge(f"{label}/", output, series)
    log = guest.VM / kernel.name / f"{boot}.log"
    log.write_text(
        "".join(f"== {name} {code}\n{text}" for name, (code, text) in run.programs.items()),
        encoding="utf-8",
    )
    return results


def kernel_results(kernel, judge, deadline):
    """Every result of one kernel, and a line of what it took; nothing that breaks here is to hide
    what the others tell."""
    missing = fetch(kernel)
    if missing:
        return [missing]
    results = []
    for boot in kernel.boots:
        started = time.monotonic()
        seconds = min(GUEST_SECONDS, deadline - started)
        try:
            found = boot_results(kernel, boot, judge, seconds)
        except (OSError, subprocess.SubprocessError) as error:
            found = [Result(f"{kernel.name}/{boot}", "failed", str(error))]
        took = (time.monotonic() - started) / 60
        print(f"kernels: {kernel.name} {boot}: {total(found)} in {took:.1f} minutes", flush=True)
        results += found
    return soften(results) if kernel.only_warns else results


def check():
    """Every result of every kernel; those of a kernel that only warns never fail."""
    table, compiler = verifier_cost.read_table(), verifier_cost.compiler()
    deadline = time.monotonic() + ALL_SECONDS

    def judge(label, output, series):
        return verifier_cost.judge(label, output, series, table, compiler)

    everything = []
    for kernel in kernels():
        everything += kernel_results(kernel, judge, deadline)
    return everything
