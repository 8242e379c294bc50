# SPDX-License-Identifier: Apache-2.0
"""The files the lint checks look at: everything that is ours in the current directory."""

import os
import pathlib
import sys

TOP = ("bpf", "proto", "userspace", "tests", "packaging", ".ci", "Makefile", "README.md")
PASSED, FAILED, SKIPPED = 0, 1, 77


def files(*tops):
    """Every file below the given tops (all of ours when none is named), sorted."""
    found = []
    for top in tops or TOP:
        path = pathlib.Path(top)
        if path.is_file():
            found.append(path)
        for directory, directories, names in os.walk(path):
            directories[:] = [name for name in directories if name != "__pycache__"]
            found += [pathlib.Path(directory, name) for name in names]
    return sorted(found)


def text(path):
    return path.read_text(encoding="utf-8", errors="replace")


def is_script(path):
    with path.open("rb") as stream:
        return stream.read(2) == b"#!"


def report(problems):
    """Prints them; the exit status of the check."""
    for problem in problems:
        print(problem)
    return FAILED if problems else PASSED


def finish(problems):
    sys.exit(report(problems))
