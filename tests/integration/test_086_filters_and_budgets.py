# SPDX-License-Identifier: Apache-2.0
"""What [filter] and [throttle] leave out, changed while traffic flows: nothing else is missing, all
that is left out is counted, and a mistake in the file changes nothing."""

import os
import shutil
import signal
import subprocess
import time

import pytest

import traffic
from daemons import wait_until, write_config
from storm import Cgroup

TRUE = os.path.realpath("/bin/true")
LIVES = 400


def reload(sensor, says):
    """Writes the configuration anew and has it read; waits for the keeper to say so."""
    before = sensor.process.output().count(says)
    write_config(sensor.config, sensor.sections)
    os.kill(sensor.process.pid, signal.SIGHUP)
    wait_until(lambda: sensor.process.output().count(says) > before, 10, says)


def reloaded(sensor):
    reload(sensor, "[filter] and [throttle] count as")


def execs_of(collector, marker):
    return {row["text"].split(marker + "-", 1)[1][:4]
            for row in collector.rows(traffic.EXECS, f"%{marker}-%")}


def run_numbers(marker, numbers):
    for number in numbers:
        subprocess.run(["/bin/true", f"{marker}-{number:04}."], check=True, timeout=30)


def test_filters_change_while_traffic_flows(pair, local_nginx, marker):
    """Three stretches: everything, without /bin/true and the port, everything again."""
    sensor = pair.sensor
    first, second, third = range(0, 30), range(30, 60), range(60, 90)
    traffic.run(marker, local_nginx.port, first)
    sensor.sections["filter"] = {"drop": f"executable {TRUE}\ndrop = port {local_nginx.port}"}
    reloaded(sensor)
    traffic.run(marker, local_nginx.port, second)
    del sensor.sections["filter"]
    reloaded(sensor)
    traffic.run(marker, local_nginx.port, third)
    status = traffic.wait_conserved(sensor)
    for record_class in ("exec", "exit", "flow"):
        wait_until(
            lambda wanted=record_class: not traffic.Found(
                pair.collector, wanted, marker, [*first, *third]
            ).missing,
            30,
            f"every {record_class} before and after has arrived",
        )
        found = traffic.Found(pair.collector, record_class, marker, [*first, *third])
        assert not found.twice and not found.strange, (record_class, found.twice, found.strange)
    conservation = status["conservation"]
    assert conservation["exec"]["filtered"] >= len(second)
    assert conservation["exit"]["filtered"] >= len(second)
    assert conservation["flow"]["filtered"] >= 2 * len(second)  # both ends
    assert conservation["flow"]["unexplained"] == 0


def test_a_mistake_changes_nothing(pair, marker):
    sensor = pair.sensor
    sensor.sections["filter"] = {"drop": f"executable {TRUE}"}
    reloaded(sensor)
    sensor.sections["filter"] = {"drop": "address 10.0.0.1/8"}
    reload(sensor, "nothing changes: ")
    assert "it must be an IPv4 or IPv6 network" in sensor.process.output()
    assert sensor.status()["limits"]["filters"] == ["executable"]
    run_numbers(marker, range(5))
    sensor.sections["filter"] = {}
    reloaded(sensor)
    run_numbers(marker, range(5, 10))
    wait_until(lambda: len(execs_of(pair.collector, marker)) >= 5, 20, "the later ones came")
    traffic.wait_conserved(sensor)
    assert execs_of(pair.collector, marker) == {f"{n:04}" for n in range(5, 10)}


def filters(sensor):
    return sensor.ask_status()["limits"]["filters"]


def test_what_a_rule_names_may_come_later(pair, cgroup, tmp_path, marker):
    """A group that is made anew, a program that is upgraded: no signal is needed."""
    sensor, program = pair.sensor, tmp_path / "true"
    cgroup.path.rmdir()
    sensor.sections["filter"] = {"drop": f"executable {program}\ndrop = cgroup /{cgroup.path.name}"}
    reloaded(sensor)
    assert filters(sensor) == []
    cgroup.path.mkdir()
    wait_until(lambda: filters(sensor) == ["cgroup"], 10, "the group's rule counts")
    for version in range(2):
        said = sensor.process.output().count("names has changed")
        shutil.copy(TRUE, tmp_path / "new")
        (tmp_path / "new").rename(program)
        wait_until(lambda: sensor.process.output().count("names has changed") > said, 10, "noticed")
        wait_until(lambda: "executable" in filters(sensor), 10, "the program's rule counts")
        subprocess.run([program, f"{marker}-{version:04}."], check=True, timeout=30)
    subprocess.run(["/bin/true", f"{marker}-0010."], preexec_fn=cgroup.enter, check=True, timeout=30)
    run_numbers(marker, [20])
    wait_until(lambda: execs_of(pair.collector, marker), 20, "the last has come")
    traffic.wait_conserved(sensor)
    assert execs_of(pair.collector, marker) == {"0020"}


@pytest.fixture
def calm_group():
    calm = Cgroup()
    yield calm
    calm.remove()


def storm(group, marker, lives=LIVES):
    """So many short lives within the group; one shell makes them all."""
    script = (f"echo $$ > {group.path}/cgroup.procs; i=0;"
              f"while [ $i -lt {lives} ]; do {TRUE} {marker}-$i; i=$((i+1)); done")
    subprocess.run(["/bin/sh", "-c", script], check=True, timeout=120)


def throttled_gaps(collector, group):
    query = """SELECT yagura_record_class AS class, sum(yagura_count) AS n FROM gaps
      WHERE yagura_reason = 'throttled' AND yagura_cgroup LIKE ? GROUP BY class"""
    return {row["class"]: row["n"] for row in collector.rows(query, f"%{group.path.name}")}


def test_a_storm_of_one_group_is_counted_to_the_last(pair, cgroup, calm_group, marker):
    """Told and throttled make up all; a process of another group is told meanwhile."""
    sensor = pair.sensor
    sensor.sections["throttle"] = {"process_events_per_s": 60, "process_burst": 90}
    reloaded(sensor)
    storm(cgroup, marker)
    storm(calm_group, f"{marker}-calm", 1)
    ended = f"/{cgroup.path.name}) is within its budget again"
    wait_until(lambda: ended in sensor.process.output(), 20, ended)
    sensor.sections["throttle"] = {"process_events_per_s": 0}
    reloaded(sensor)
    traffic.wait_conserved(sensor)
    told = len(pair.collector.rows(traffic.EXECS, f"%{marker}-%")) - 1
    gaps = throttled_gaps(pair.collector, cgroup)
    assert gaps.get("exec", 0) > LIVES / 2, gaps
    assert told + gaps["exec"] == LIVES, (told, gaps)
    exits = len(pair.collector.rows(traffic.EXITS, f"%{marker}-%")) - 1
    assert exits + gaps["exit"] == LIVES, (exits, gaps)
    assert len(pair.collector.rows(traffic.EXECS, f"%{marker}-calm-0%")) == 1
    conservation = sensor.ask_status()["conservation"]
    assert conservation["exec"]["throttled"] >= gaps["exec"]


def run_on_each_cpu():
    for cpu in os.sched_getaffinity(0):
        subprocess.run(["taskset", "-c", str(cpu), "/bin/true"], check=True, timeout=30)


def test_numbers_agree_with_counters_when_most_is_lost(stopped_pair, marker):
    """A ring too small for what comes: what is missing by number is what was counted as lost."""
    sensor = stopped_pair.sensor
    sensor.sections["kernel"] = {"ring_valuable_bytes": "64K", "poll_interval_ms": 1000,
                                 "args_bytes": 32768}
    sensor.sections["throttle"] = {"process_events_per_s": 0}
    stopped_pair.start()
    filler = "x" * 20000
    with sensor.stopped_worker():
        for number in range(60):
            subprocess.run(["/bin/true", f"{marker}-{number:04}.", filler], check=True, timeout=30)

    def agrees():
        run_on_each_cpu()  # a loss shows when the next number of the same CPU comes
        valuable = sensor.ask_status()["sequence"]["valuable"]
        return valuable["missing"] == valuable["counted_lost"] > 0 and valuable

    wait_until(agrees, 20, "numbers and counters agree")
    traffic.wait_conserved(sensor)
    assert sensor.ask_status()["conservation"]["exec"]["unexplained"] == 0


def test_numbers_go_on_over_a_killed_worker(pair, marker):
    run_numbers(marker, range(20))
    pair.sensor.kill_worker()
    run_numbers(marker, range(20, 40))
    traffic.wait_conserved(pair.sensor)
    time.sleep(7)  # longer than the patience before something counts as unexplained
    status = traffic.wait_conserved(pair.sensor)
    assert status["sequence"]["missing"] == status["sequence"]["valuable"]["counted_lost"] + (
        status["sequence"]["bulk"]["counted_lost"]), status["sequence"]
    assert all(terms["unexplained"] == 0 for terms in status["conservation"].values())


def test_the_memory_of_all_maps_is_told(pair):
    status = pair.sensor.status()
    maps = {row["name"]: row for row in status["maps"]["map"]}
    assert maps["ring_valuable"]["bytes"] >= 8 << 20
    assert maps["throttle_groups"]["entries"] >= 0
    assert status["maps"]["bytes"] == sum(row["bytes"] for row in maps.values())
    assert status["maps"]["bytes"] < 48 << 20
    assert "BPF maps take" in pair.sensor.process.output()
