# SPDX-License-Identifier: Apache-2.0
"""A root of another Debian release that builds and tests the project: the commands that make and enter
it."""

import pathlib

PACKAGES = pathlib.Path("packaging/dev/packages.txt")
PARTS = ("# build", "# run and test")


def include(name):
    """As apt takes it: a pattern that matches nothing is no error."""
    return f"?exact-name({name[1:]})" if name.startswith("?") else name


def packages():
    """Those of the two parts of packages.txt that are not about checks of this host alone."""
    part = None
    for line in PACKAGES.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            part = line
        elif line and part in PARTS:
            yield include(line.split()[0])


def make_root(name, suite):
    return ["tests/support/debian_root", name, suite, *packages()]


def enter(name):
    return ["tests/support/in_root", name]
