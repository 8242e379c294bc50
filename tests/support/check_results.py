# SPDX-License-Identifier: Apache-2.0
"""What the checks found, and how to read it out of the formats the test tools write."""

import collections
import fnmatch
import re
import xml.etree.ElementTree

# outcome: "passed", "failed" or "skipped"; text: why, for the last two.
Result = collections.namedtuple("Result", "name outcome text")

TAP_PLAN = re.compile(r"^1\.\.(\d+)")
TAP_RESULT = re.compile(r"^(ok|not ok)\b\s*\d*\s*-?\s*(.*)")


def total(results):
    counts = collections.Counter(result.outcome for result in results)
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in ("passed", "failed", "skipped"))


def allowed_skips(path):
    """Patterns for "part: name" from lines of pattern TAB reason."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.split("\t")[0] for line in lines if line and not line.startswith("#")]


def judge_skips(part, results, patterns):
    """Turns each skip that no pattern allows into a failure."""

    def judge(result):
        name = f"{part}: {result.name}"
        if result.outcome != "skipped" or any(fnmatch.fnmatchcase(name, p) for p in patterns):
            return result
        text = f"skipped ({result.text}), and tests/allowed-skips does not list it"
        return Result(result.name, "failed", text)

    return [judge(result) for result in results]


def from_tap(program, code, output, errors):
    """Results of one cmocka program: what it said of its tests, and whether that can be all."""
    results = []
    planned = 0
    for line in output.splitlines():
        if plan := TAP_PLAN.match(line):
            planned += int(plan[1])
        elif found := TAP_RESULT.match(line):
            results.append(tap_result(program, found[1], found[2], output + errors))
    failed = any(result.outcome == "failed" for result in results)
    why = ""
    if not results:
        why = "it reported no test"
    elif len(results) != planned:
        why = f"it planned {planned} tests and reported {len(results)}"
    elif code != 0 and not failed:
        why = "every test it reported was well"
    if why:
        text = f"ended with {exit_text(code)}, but {why}\n{output}{errors}"
        results.append(Result(program, "failed", text))
    return results


def tap_result(program, word, rest, everything):
    name, _, directive = rest.partition("# ")
    if directive.upper().startswith("SKIP"):  # cmocka puts the name of a skipped test behind it
        return Result(f"{program}: {name.strip() or directive[4:].strip()}", "skipped", "skip()")
    name = f"{program}: {name.strip()}"
    if word == "ok":
        return Result(name, "passed", "")
    return Result(name, "failed", everything)


def exit_text(code):
    return f"signal {-code}" if code < 0 else f"exit status {code}"


def from_junit(path):
    """Results of a pytest run out of its --junitxml file."""
    results = []
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        outcome, text = "passed", ""
        for child in case:
            if child.tag in ("failure", "error"):
                outcome = "failed"
                text += f"{child.get('message') or ''}\n{child.text or ''}\n"
            elif child.tag == "skipped":
                outcome, text = "skipped", child.get("message") or ""
            elif child.tag in ("system-out", "system-err") and outcome == "failed":
                text += child.text or ""
        results.append(Result(name, outcome, text))
    return results
