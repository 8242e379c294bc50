#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Compares the two implementations of px1, px1_tool (C) and px1.py, record by record.

Without an argument on generated executions; with --store FILE on every exec in a collector's database. Exits
with 1 on the first ten differences.
"""

import argparse
import json
import pathlib
import sqlite3
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TOOL = HERE.parents[1] / "build/tests/support/px1/px1_tool"
QUERY = "SELECT process_args, process_args_truncated, process_executable, process_parent_executable FROM execs"


def generated(count):
    command = [sys.executable, "-B", HERE / "px1_lines.py", str(count)]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout


def record(row):
    """Both get the same bytes; a store has U+FFFD for what was no UTF-8."""
    args, cut, executable, parent = row
    arguments = [argument.encode() for argument in json.loads(args or "[]")]
    ancestors = [path.encode() if path else b"?" for path in (executable, parent)]
    head = f"e 0 x x - {int(bool(cut))} {len(ancestors)} {len(arguments)}"
    return b"".join(field + b"\0" for field in [head.encode(), *ancestors, *arguments])


def stored(path):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
        return b"".join(map(record, store.execute(QUERY)))


def answers(command, records):
    answer = subprocess.run(command, input=records, stdout=subprocess.PIPE, check=True).stdout
    return answer.splitlines()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--tool", type=pathlib.Path, default=TOOL)
    options = parser.parse_args()
    records = stored(options.store) if options.store else generated(options.count)

    ours = answers([options.tool], records)
    others = answers([sys.executable, "-B", HERE / "px1.py"], records)
    differ = [(i, *pair) for i, pair in enumerate(zip(ours, others)) if pair[0] != pair[1]]
    for number, one, other in differ[:10]:
        print(f"record {number}:\n  px1_tool {one.decode()}\n  px1.py   {other.decode()}")
    print(f"{len(ours)} and {len(others)} answers, {len(differ)} differ")
    return 1 if differ or not ours or len(ours) != len(others) else 0


if __name__ == "__main__":
    sys.exit(main())
