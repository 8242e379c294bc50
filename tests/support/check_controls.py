# SPDX-License-Identifier: Apache-2.0
"""Faults planted in what guests and verifiers tell: the judgement of kernels must see each."""

import contextlib
import io
from unittest import mock

import check_kernels
import guest
import verifier_cost
from check_results import Result

TABLE = {("clang", "6.1"): {"probe": verifier_cost.Cost(1000, 100)}}
GOOD = "== kernel 6.1.0\n== begin a\n1..1\nok 1 - case\n\n== end a 0 3\n== done\n"


def fails(results):
    return any(result.outcome == "failed" for result in results)


def cost_fails(line):
    return fails(verifier_cost.judge("", line, "6.1", TABLE, "clang"))


def loads_fails(line):
    return fails(verifier_cost.judge_loads(line, "6.1", TABLE))


def guest_fails(text):
    return fails(check_kernels.program_results("x", guest.GuestRun(text, ""), ["a"]))


def boots_told(only_warns, *outcomes):
    """What is told of a kernel whose boots end so: results, or an error."""
    kernel = check_kernels.Kernel("x", [], list(check_kernels.BOOTS)[: len(outcomes)], only_warns)
    boots = mock.Mock(side_effect=[o if isinstance(o, OSError) else (o, "") for o in outcomes])
    replaced = {"fetch": lambda _: None, "boot_results": boots, "AT_ONCE": 1, "CHOSEN": []}
    replaced["kernels"] = lambda: [kernel]
    with mock.patch.multiple(check_kernels, **replaced), contextlib.redirect_stdout(io.StringIO()):
        return [r.outcome for r in check_kernels.check()]


def late_boot_fails():
    with mock.patch.object(check_kernels, "ALL_SECONDS", 0):
        return boots_told(False, [Result("case", "passed", "")]) == ["failed"]


def controls():
    good = [Result("case", "passed", "")]
    seen = {
        "10 % more instructions pass": not cost_fails("cost probe 1100 100\n"),
        "more instructions": cost_fails("cost probe 1101 100\n"),
        "more states": cost_fails("cost probe 1000 111\n"),
        "a program refused now": cost_fails("cost probe - -\n"),
        "a program without a row": cost_fails("cost probe 1 1\ncost other 1 1\n"),
        "a program gone": cost_fails("cost other 1 1\n"),
        "no figures at all": cost_fails(""),
        "another compiler's program loads": not loads_fails("cost probe 9999 999\n"),
        "another compiler's program refused": loads_fails("cost probe - -\n"),
        "another compiler's program gone": loads_fails("cost other 1 1\n"),
        "no figures of another compiler": loads_fails(""),
        "a good guest passes": not guest_fails(GOOD),
        "no end marker": guest_fails(GOOD.replace("== done\n", "")),
        "a program cut short": guest_fails(GOOD.partition("== end")[0]),
        "a program not begun": guest_fails("== kernel 6.1.0\n== done\n"),
        "a failed case": guest_fails(GOOD.replace("ok 1", "not ok 1")),
        "fewer cases than planned": guest_fails(GOOD.replace("1..1", "1..2")),
        "a boot that breaks": boots_told(False, OSError("no QEMU")) == ["failed"],
        "a boot after one that broke": boots_told(False, OSError(), good) == ["failed", "passed"],
        "a boot that no time is left for": late_boot_fails(),
        "a kernel that only warns": boots_told(True, OSError(), good) == ["skipped", "passed"],
        "an exit status": guest_fails(GOOD.replace("== end a 0", "== end a 137")),
    }
    return [
        Result(f"control: {name}", "passed" if well else "failed", "it was not judged so")
        for name, well in seen.items()
    ]
