# SPDX-License-Identifier: Apache-2.0
"""A failed test shows what the daemons were at. Without that a failure elsewhere teaches nothing."""

import subprocess
import sys

import pytest

import daemons
import evidence
from daemons import RUNNING, ROOT, free_port, wait_until

FAILING = '''
import pytest
from daemons import free_port

def test_that_fails(pair):
    pair.collector.wait_rows(1, "SELECT * FROM flows WHERE destination_port = ?", {port}, seconds=1)
'''


def test_failure_shows_the_daemons(tmp_path):
    """As tests/check runs it: what it prints of a failure is what the report file says."""
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    from check_results import from_junit  # only here: the tests themselves need none of it

    here = ROOT / "tests" / "integration"
    failing, report = tmp_path / "test_failing.py", tmp_path / "report.xml"
    failing.write_text(FAILING.format(port=free_port()), encoding="utf-8")
    (tmp_path / "conftest.py").write_text("from integration_conftest import *\n", encoding="utf-8")
    (tmp_path / "integration_conftest.py").symlink_to(here / "conftest.py")
    answer = subprocess.run(
        [sys.executable, "-B", "-m", "pytest", "-p", "no:cacheprovider", f"--junitxml={report}",
         f"--basetemp={tmp_path / 'scratch'}", failing],
        env={"PYTHONPATH": str(here), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True, text=True, timeout=60, check=False,
    )
    assert answer.returncode == 1, answer.stdout + answer.stderr
    results = from_junit(report)
    assert [result.outcome for result in results] == ["failed"]
    for text in ("of the newest", "load ", "ship: state=connected", "exec.generated=", "newest of execs, ",
                 "the log's end:", "listening on"):
        assert text in results[0].text, results[0].text


def test_nothing_is_left_to_show_after_a_stop(stopped_pair):
    stopped_pair.start()
    assert stopped_pair.collector in RUNNING and stopped_pair.sensor in RUNNING
    stopped_pair.stop()
    assert stopped_pair.collector not in RUNNING and stopped_pair.sensor not in RUNNING


@pytest.mark.parametrize("port, shown", [(4711, "destination_port=4711"), (4712, "destination_port=4711")])
def test_nearest_rows_are_shown(port, shown):
    """The one that differs in a single value comes first."""

    class Store:
        def rows(self, query):
            return [
                {"destination_port": 4, "network_direction": "ingress"},
                {"destination_port": 4711, "network_direction": "egress"},
            ]

    query = "SELECT * FROM flows WHERE destination_port = ? AND network_direction = ?"
    text = evidence.nearest_rows(Store(), query, (port, "egress"))
    assert shown in text and "ingress" not in text


class Clock:
    """Jumps by so much whenever somebody sleeps."""

    def __init__(self, *steps):
        self.now, self.steps = 100.0, list(steps)

    def monotonic(self):
        return self.now

    def sleep(self, _):
        self.now += self.steps.pop(0)


def test_a_wait_outlasts_a_machine_that_stands_still(monkeypatch):
    monkeypatch.setattr(daemons, "time", Clock(0.05, 60, 0.05, 0.05))
    answers = [False, False, False, True]
    assert wait_until(lambda: answers.pop(0), 2)


def test_a_wait_ends(monkeypatch):
    monkeypatch.setattr(daemons, "time", Clock(*[0.5] * 10))
    with pytest.raises(AssertionError, match="not within 2 s: nothing"):
        wait_until(lambda: False, 2, "nothing")
