# SPDX-License-Identifier: Apache-2.0
"""A wrong option, key, value or file: one message that names it, a failing exit, nothing attached."""

import json
import subprocess

import pytest

from daemons import COLLECTOR, SENSOR, Process, free_port, tls_options, wait_until, write_config

EXIT_SECONDS = 15
REMOVE = object()

# section, key, value (REMOVE: leave the key out), what the message must name
SENSOR_CASES = {
    "unknown section": ("sensr", "id", "x", "sensr"),
    "unknown key": ("control", "sockett", "/tmp/x", "sockett"),
    "no number": ("batch", "interval_ms", "soon", "'interval_ms' in [batch]"),
    "number out of bounds": ("batch", "interval_ms", "999999999", "'interval_ms' in [batch]"),
    "no log level": ("log", "level", "loud", "'level' in [log]"),
    "no id": ("sensor", "id", REMOVE, "'id' in [sensor]"),
    "id is no UUID": ("sensor", "id", "not-a-uuid", "not-a-uuid"),
    "state directory cannot be": ("sensor", "state_directory", "/nonexistent/a/b", "/nonexistent/a/b"),
    "address without key": ("collector", "key", REMOVE, "key"),
    "address without port": ("collector", "address", "127.0.0.1", "address"),
    "CA file missing": ("collector", "ca", "/nonexistent/ca.crt", "/nonexistent/ca.crt"),
    "certificate file missing": ("collector", "certificate", "/nonexistent/a.crt", "/nonexistent/a.crt"),
    "key file missing": ("collector", "key", "/nonexistent/a.key", "/nonexistent/a.key"),
    "cgroup missing": ("kernel", "cgroup", "/nonexistent/cgroup", "/nonexistent/cgroup"),
}
COLLECTOR_CASES = {
    "unknown section": ("lissten", "port", "1", "lissten"),
    "unknown key": ("listen", "portt", "1", "portt"),
    "no number": ("listen", "port", "many", "'port' in [listen]"),
    "number out of bounds": ("listen", "port", "70000", "'port' in [listen]"),
    "neither yes nor no": ("lines", "enabled", "perhaps", "'enabled' in [lines]"),
    "no store": ("store", "directory", REMOVE, "'directory' in [store]"),
    "store directory missing": ("store", "directory", "/nonexistent/store", "/nonexistent/store"),
    "CA file missing": ("tls", "ca", "/nonexistent/ca.crt", "/nonexistent/ca.crt"),
    "certificate file missing": ("tls", "certificate", "/nonexistent/a.crt", "/nonexistent/a.crt"),
    "key file missing": ("tls", "key", "/nonexistent/a.key", "/nonexistent/a.key"),
}


def programs():
    answer = subprocess.run(
        ["bpftool", "--json", "prog", "list"], capture_output=True, text=True, check=True, timeout=30
    )
    return {p["id"] for p in json.loads(answer.stdout) if p.get("name", "").startswith("yagura_")}


def refused(command):
    """What the daemon said when it refused to start."""
    before = programs()
    answer = subprocess.run(command, capture_output=True, text=True, timeout=EXIT_SECONDS, check=False)
    assert answer.returncode > 0, f"exit status {answer.returncode}: {answer.stderr}"
    wait_until(lambda: programs() <= before, 10, "nothing is attached")
    return answer.stdout + answer.stderr


def change(sections, section, key, value):
    options = sections.setdefault(section, {})
    if value is REMOVE:
        del options[key]
    else:
        options[key] = value


@pytest.mark.parametrize("case", SENSOR_CASES)
def test_sensor_refuses(stopped_pair, case):
    sensor = stopped_pair.sensor
    *fault, named = SENSOR_CASES[case]
    change(sensor.sections, *fault)
    write_config(sensor.config, sensor.sections)
    assert named in refused([SENSOR, "--keeper", "--config", sensor.config])


@pytest.mark.parametrize("case", COLLECTOR_CASES)
def test_collector_refuses(stopped_pair, case):
    collector = stopped_pair.collector
    *fault, named = COLLECTOR_CASES[case]
    change(collector.sections, *fault)
    write_config(collector.config, collector.sections)
    assert named in refused([COLLECTOR, "--config", collector.config])


@pytest.mark.parametrize("command", [(SENSOR, "--keeper"), (COLLECTOR,)], ids=["sensor", "collector"])
def test_wrong_option(command):
    assert "--no-such-option" in refused([*command, "--no-such-option"])


@pytest.mark.parametrize("command", [(SENSOR, "--keeper"), (COLLECTOR,)], ids=["sensor", "collector"])
def test_config_file_missing(command):
    assert "/nonexistent/a.conf" in refused([*command, "--config", "/nonexistent/a.conf"])


def test_error_names_file_and_line(stopped_pair):
    sensor = stopped_pair.sensor
    sensor.config.write_text("[control]\n\nsockett = x\n", encoding="utf-8")
    assert f"{sensor.config}:3" in refused([SENSOR, "--keeper", "--config", sensor.config])


@pytest.mark.parametrize("name", ["sensor", "collector"])
def test_key_of_another_certificate(stopped_pair, other_pki, name):
    daemon = getattr(stopped_pair, name)
    tls = daemon.sections["collector" if name == "sensor" else "tls"]
    tls["key"] = other_pki / f"{name}.key"
    write_config(daemon.config, daemon.sections)
    command = [SENSOR, "--keeper"] if name == "sensor" else [COLLECTOR]
    assert str(tls["key"]) in refused([*command, "--config", daemon.config])


def test_second_collector_on_one_store(pair, tmp_path):
    collector = pair.collector
    sections = {**collector.sections, "listen": {"address": "127.0.0.1", "port": free_port()}}
    write_config(tmp_path / "second.conf", sections)
    assert str(collector.directory) in refused([COLLECTOR, "--config", tmp_path / "second.conf"])
    assert collector.answers(), "the first one goes on"


def test_second_sensor_on_one_socket(pair, tmp_path):
    """It must not take the first one's socket away; its worker says why and the keeper gives up or
    goes on trying, but the first one still answers."""
    sections = {**pair.sensor.sections}
    sections["sensor"] = {**sections["sensor"], "state_directory": tmp_path / "other-state"}
    (tmp_path / "other-state").mkdir()
    write_config(tmp_path / "second.conf", sections)
    second = Process([SENSOR, "--keeper", "--config", tmp_path / "second.conf"], tmp_path / "second.log")
    try:
        second.popen.wait(3)
    except subprocess.TimeoutExpired:
        second.popen.terminate()
        second.popen.wait(20)
    assert str(pair.sensor.socket) in second.output()
    assert pair.sensor.status()["sensor"]["uptime_s"] >= 0


def test_sensor_of_another_authority_never_connects(stopped_pair, other_pki):
    """Fails closed at both ends: neither records nor a session."""
    sections = stopped_pair.sensor.sections["collector"]
    stopped_pair.collector.start()
    sections.update(tls_options(other_pki, "sensor"), ca=sections["ca"])
    stopped_pair.sensor.start(state=None)
    wait_until(lambda: stopped_pair.sensor.ask_status()["ship"]["last_error"], 10, "an error is shown")
    assert stopped_pair.sensor.ask_status()["ship"]["state"] != "connected"
    assert stopped_pair.collector.rows("SELECT * FROM sensors") == []
