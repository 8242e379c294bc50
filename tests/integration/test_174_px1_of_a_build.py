# SPDX-License-Identifier: Apache-2.0
"""Both implementations of px1 on every execution of a build of this project: shells, make, compilers. By default of
a part of it; PX1_BUILD_TARGET=all builds everything, as `make check-px1-build` does."""

import os
import subprocess

from daemons import ROOT, wait_until
from test_172_px1 import PENDING, expected, is_comparable, is_quiet

TARGET = os.environ.get("PX1_BUILD_TARGET", "{build}/lib/libcommon.a")
BUILD_SECONDS = 1200
EXECS_MIN = 100


def build(directory):
    words = ["make", f"BUILD={directory}", f"-j{os.cpu_count()}", TARGET.format(build=directory)]
    environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    subprocess.run(words, cwd=ROOT, check=True, timeout=BUILD_SECONDS, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, env=environment)


def test_every_exec_of_a_build(stopped_pair, tmp_path):
    pair = stopped_pair
    pair.start()
    build(tmp_path / "build")
    wait_until(lambda: is_quiet(pair.sensor) and not pair.collector.rows(PENDING), 120, "all hashes are there")
    rows = pair.collector.rows("SELECT * FROM execs")
    judged = [row for row in rows if is_comparable(row)]
    differ = [(row["process_args"], row["yagura_ancestors"], row["yagura_px1"], expected(row))
              for row in judged if row["yagura_px1"] != expected(row)]
    built = [row for row in judged if str(tmp_path) in row["process_args"]]
    print(f"px1_of_a_build: {len(judged)} of {len(rows)} execs compared, {len(built)} name the build, {len(differ)} differ")
    assert not differ, differ[:10]
    assert len(judged) >= EXECS_MIN and built
