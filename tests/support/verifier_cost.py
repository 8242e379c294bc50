# SPDX-License-Identifier: Apache-2.0
"""The table of what each program costs each kernel's verifier, and the judgement of new figures.

Rows are compiler, kernel, program, instructions, states. The compiler is part of the key because
another one makes other instructions; "-" says that this kernel refuses the program.
"""

import collections
import os
import pathlib
import re
import subprocess

from check_results import Result

TABLE = pathlib.Path("tests/vm/verifier_cost.tsv")
PROGRAM = "build/tests/vm/verifier_cost"
GROWTH_MAX = 1.10
HEAD = """\
# What each program costs the verifier of each kernel; written by `make verifier-cost`.
# compiler	kernel	program	instructions	states
"""
LINE = re.compile(r"^cost (\S+) (\d+|-) (\d+|-)$", re.MULTILINE)

Cost = collections.namedtuple("Cost", "instructions states")
REFUSED = Cost(None, None)


def compiler():
    answer = subprocess.run(
        [os.environ.get("CLANG", "clang"), "-dumpversion"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return f"clang-{answer.stdout.split('.')[0]}"


def kernel_of(release):
    """6.12.117+deb13-cloud-amd64 → 6.12: updates within a series keep the verifier as it is."""
    return ".".join(re.match(r"(\d+)\.(\d+)", release).groups())


def cost(instructions, states):
    return Cost(*(None if text == "-" else int(text) for text in (instructions, states)))


def parse(output):
    return {name: cost(*rest) for name, *rest in LINE.findall(output)}


def read_table(path=TABLE):
    """(compiler, kernel) → program → Cost."""
    table = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            key_compiler, kernel, program, *rest = line.split("\t")
            table.setdefault((key_compiler, kernel), {})[program] = cost(*rest)
    return table


def write_table(table, path=TABLE):
    lines = [
        "\t".join((*key, program, *("-" if n is None else str(n) for n in table[key][program])))
        for key in sorted(table, key=lambda key: (key[0], *map(int, key[1].split("."))))
        for program in sorted(table[key])
    ]
    path.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


def problem(now, row):
    """What is worse than the table says, or None."""
    if row is None:
        return "is not in the table"
    if row.instructions is None:
        return None
    if now is None or now.instructions is None:
        return f"no longer loads; it took {row.instructions} instructions"
    for name in Cost._fields:
        grown, before = getattr(now, name), getattr(row, name)
        if grown > before * GROWTH_MAX:
            return f"takes {grown} {name}, the table says {before}: more than 10 % growth"
    return None


def judge(prefix, output, kernel, table, key_compiler):
    """One result a program: against this kernel's rows of the table."""
    rows = table.get((key_compiler, kernel))
    now = parse(output)
    if not now:
        return [Result(f"{prefix}verifier-cost", "failed", f"no figures\n{output}")]
    if rows is None:
        text = f"{TABLE} has no rows for {kernel} and {key_compiler}"
        return [Result(f"{prefix}verifier-cost", "skipped", text)]
    results = []
    for program in sorted(now.keys() | rows.keys()):
        why = problem(now.get(program), rows.get(program))
        text = f"{program} on {kernel} {why}; `make verifier-cost` accepts that" if why else ""
        outcome = "failed" if why else "passed"
        results.append(Result(f"{prefix}verifier-cost: {program}", outcome, text))
    return results


def judge_loads(output, kernel, table):
    """One result a program: what this kernel takes from one compiler it takes from any."""
    known = {name: row for key, rows in table.items() if key[1] == kernel for name, row in rows.items()}
    now = parse(output)
    if not now or not known:
        outcome, text = ("skipped", f"{TABLE} has no rows for {kernel}") if now else ("failed", output)
        return [Result("verifier-cost", outcome, text)]
    results = []
    for program, row in sorted(known.items()):
        refused = now.get(program, REFUSED) == REFUSED and row != REFUSED
        text = f"{kernel} refuses {program}\n{output}" if refused else ""
        outcome = "failed" if refused else "passed"
        results.append(Result(f"verifier-cost: {program}", outcome, text))
    return results
