#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Compares the two implementations of px1, px1_tool (C) and px1.py, record by record.

Without an argument on generated executions; with --store FILE on every exec in a collector's database. With
--vectors it compares px1.py and tests/vectors/px1.tsv instead. Prints the first ten differences and exits with
1 when there is one.
"""

import argparse
import json
import pathlib
import sqlite3
import subprocess
import sys
import urllib.parse

import px1

HERE = pathlib.Path(__file__).resolve().parent
TOOL = HERE.parents[1] / "build/tests/support/px1/px1_tool"
VECTORS = HERE.parents[1] / "tests/vectors/px1.tsv"
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


def unescaped(item):
    return b"" if item == "%" else urllib.parse.unquote_to_bytes(item)


def items(column):
    return column.split(" ") if column else []


def vector_answers(line):
    """The shape, ancestry and px1 of a row: as it has them, and as px1.py finds them."""
    _, *facts, argv, cut, ancestors, shape, ancestry, whole = line.split("\t")
    arguments = [unescaped(item) for item in items(argv)]
    paths = [None if item == "?" else unescaped(item) for item in items(ancestors)]
    expected = (
        None if shape == "-" else shape.encode(),
        None if ancestry == "-" else unescaped(ancestry),
        whole,
    )
    found = (
        px1.shape(arguments, cut == "1"),
        px1.ancestry(paths),
        px1.px1(*facts, cut == "1", paths, arguments),
    )
    return expected, found


def compare_vectors():
    lines = VECTORS.read_text(encoding="ascii").split("\n")
    rows = [line for line in lines if line and not line.startswith("#")]
    return [row.partition("\t")[0] for row in rows], *zip(*map(vector_answers, rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=pathlib.Path)
    parser.add_argument("--vectors", action="store_true")
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--tool", type=pathlib.Path, default=TOOL)
    options = parser.parse_args()
    if options.vectors:
        names, ours, others = compare_vectors()
    else:
        records = stored(options.store) if options.store else generated(options.count)
        ours = [line.decode() for line in answers([options.tool], records)]
        others = [line.decode() for line in answers([sys.executable, "-B", HERE / "px1.py"], records)]
        names = range(len(ours))

    one = VECTORS.name if options.vectors else "px1_tool"
    differ = [row for row in zip(names, ours, others) if row[1] != row[2]]
    for name, expected, found in differ[:10]:
        print(f"{name}:\n  {one:<8} {expected}\n  {'px1.py':<8} {found}")
    print(f"{len(ours)} and {len(others)} answers, {len(differ)} differ")
    return 1 if differ or not ours or len(ours) != len(others) else 0


if __name__ == "__main__":
    sys.exit(main())
