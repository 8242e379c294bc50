# SPDX-License-Identifier: Apache-2.0
"""The BPF suite under every supported kernel: fetch, boot, judge."""

import collections
import concurrent.futures
import functools
import os
import pathlib
import subprocess
import time

import guest
import verifier_cost
from check_results import Result, from_tap, total

TABLE = pathlib.Path("tests/vm/kernels.tsv")
FETCH_SECONDS = 300
GUEST_SECONDS = 1800  # several times what one takes on a busy host
# Of everything here: with `make check` before it, `.ci/run` is to end within 80 minutes.
ALL_SECONDS = int(os.environ.get("KERNELS_SECONDS", str(45 * 60)))
CHOSEN = os.environ.get("KERNELS", "").split()  # kernels or single boots; none: all
AT_ONCE = os.cpu_count() or 1  # guests; each has two processors of its own to be preempted on
SLOWEST = 5  # programs of a boot that are named with their seconds
UNAVAILABLE = 77  # of tests/vm/fetch: the archive has no such kernel
TIMED_OUT = 124  # of timeout(1)
# Debian's kernels have `bpf` among their security modules; hosts may name others at boot.
BOOTS = {
    "plain": "",
    "lockdown": "lockdown=confidentiality",
    "bare": "lockdown=confidentiality lsm=lockdown",
    "preempt": "preempt=full",
}
LOCKED = ("lockdown", "bare")
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
        if boot not in LOCKED or not source.match(NOT_UNDER_LOCKDOWN):
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


def label_of(kernel, boot):
    return kernel.name if boot == "plain" else f"{kernel.name}-{boot}"


def slowest(run):
    order = sorted(run.seconds.items(), key=lambda item: -item[1])[:SLOWEST]
    return ", ".join(f"{pathlib.Path(name).name} {seconds:.0f} s" for name, seconds in order)


def write_log(kernel, boot, run):
    log = guest.VM / kernel.name / f"{boot}.log"
    text = "".join(
        f"== {name} {code} after {run.seconds[name]} s\n{output}"
        for name, (code, output) in run.programs.items()
    )
    log.write_text(text, encoding="utf-8")


def boot_results(kernel, boot, judge, seconds):
    """The results of one boot, and its slowest programs."""
    label = label_of(kernel, boot)
    programs = list(tests(boot))
    costs = [verifier_cost.PROGRAM] if boot == "plain" else []
    run = guest.boot(kernel.name, [*programs, *costs], seconds, BOOTS[boot], boot)
    results = list(program_results(label, run, programs))
    if costs:
        output = run.programs.get(verifier_cost.PROGRAM, (1, ""))[1]
        series = verifier_cost.kernel_of(run.kernel) if run.kernel else kernel.name
        results += judge(f"{label}/", output, series)
    write_log(kernel, boot, run)
    return results, slowest(run)


def boot_judged(kernel, boot, judge, deadline):
    """Every result of one boot, and a line of what it took; nothing that breaks here is to hide
    what the others tell."""
    started = time.monotonic()
    seconds = min(GUEST_SECONDS, deadline - started)
    label, slow = label_of(kernel, boot), ""
    try:
        if seconds <= 0:
            raise OSError(f"the {ALL_SECONDS} seconds of all kernels are over")
        found, slow = boot_results(kernel, boot, judge, seconds)
    except (OSError, subprocess.SubprocessError) as error:
        found = [Result(f"{label}/boot", "failed", str(error))]
    took = (time.monotonic() - started) / 60
    print(f"kernels: {label}: {total(found)} in {took:.1f} minutes ({slow})", flush=True)
    return soften(found) if kernel.only_warns else found


def wanted():
    """(kernel, boots) of the table, or what of it is chosen."""
    known = set()
    for kernel in kernels():
        labels = {label_of(kernel, boot): boot for boot in kernel.boots}
        known |= {kernel.name, *labels}
        boots = [b for l, b in labels.items() if not CHOSEN or {kernel.name, l} & set(CHOSEN)]
        if boots:
            yield kernel, boots
    if set(CHOSEN) - known:
        raise ValueError(f"{TABLE} has no {' '.join(sorted(set(CHOSEN) - known))}")


def check():
    """Every result of every kernel; those of a kernel that only warns never fail."""
    table, compiler = verifier_cost.read_table(), verifier_cost.compiler()
    deadline = time.monotonic() + ALL_SECONDS

    def judge(label, output, series):
        return verifier_cost.judge(label, output, series, table, compiler)

    chosen = list(wanted())
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        missing = list(pool.map(fetch, [kernel for kernel, _ in chosen]))
        boots = [
            (kernel, boot)
            for (kernel, boots), why in zip(chosen, missing, strict=True)
            if not why
            for boot in boots
        ]
        judged = functools.partial(boot_judged, judge=judge, deadline=deadline)
        found = pool.map(lambda pair: judged(*pair), boots)
        return [why for why in missing if why] + [r for results in found for r in results]
