# SPDX-License-Identifier: Apache-2.0
"""The true owner, against labels: at least 99.9 % right, and no process named that was not it."""

import subprocess

import pytest

from daemons import free_port
from owner_truth import MISSING, RIGHT, UNSAID, WRONG, bystanders, judge, judge_all
from owner_truth import look_around, play, scenarios, start_ticks, summary
from servers import Nginx, address

RIGHT_SHARE_MIN = 0.999
TRANSPORTS = ("tcp",)
NAMES = [name for transport in TRANSPORTS for name in scenarios(transport)]
NGINX_REQUESTS = 30
CURL_MEASURES = "%{local_ip} %{local_port} %{size_request} %{size_header} %{size_download}"


def curl_label(host, port):
    """One request by a curl; the egress label, and what of it the server's end has too."""
    words = ["curl", "-s", "-g", "-o", "/dev/null", "-w", CURL_MEASURES, f"http://{address(host, port)}/"]
    curl = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    start = start_ticks(curl.pid)  # not waited for yet: it is there, if only as a zombie
    source, source_port, request, header, download = curl.communicate(timeout=30)[0].split()
    assert curl.returncode == 0
    flow = {
        "scenario": "nginx", "transport": "tcp", "shared": False,
        "source_ip": source, "source_port": int(source_port), "source_bytes": int(request),
        "destination_ip": host, "destination_port": port,
        "destination_bytes": int(header) + int(download),
    }
    nobody = {"listener_pid": None, "listener_start": None}
    return {**flow, **nobody, **user(curl.pid, start), "direction": "egress"}


def user(pid, start):
    """The first user, of the flow and of its socket."""
    return {"owner_pid": pid, "owner_start": start, "socket_pid": pid, "socket_start": start}


def nginx_labels(directory, host):
    """Pre-forked nginx; it logs itself which worker served which port."""
    nginx = Nginx(directory, [host], free_port(host), log="$pid $remote_port")
    try:
        labels = [curl_label(host, nginx.port) for _ in range(NGINX_REQUESTS)]
        starts = {pid: start_ticks(pid) for pid in nginx.workers()}
        master = {"listener_pid": nginx.process.pid, "listener_start": start_ticks(nginx.process.pid)}
    finally:
        nginx.stop()  # only then all is logged
    log = (directory / "access.log").read_text(encoding="ascii").split("\n")
    worker = {int(port): int(pid) for pid, port in (line.split() for line in log if line)}
    for label in list(labels):
        pid = worker[label["source_port"]]
        labels.append({**label, **user(pid, starts[pid]), **master, "direction": "ingress"})
    return labels


@pytest.fixture(scope="module")
def played(live, tmp_path_factory):
    """(verdicts by scenario, why some could not be played); everything is played once."""
    directory = tmp_path_factory.mktemp("owners")
    with bystanders():
        labels, cannot = play(NAMES)
        for host in ("127.0.0.1", "::1"):
            labels += nginx_labels(directory / host.strip(":"), host)
    verdicts = judge_all(live, labels)
    print(summary(verdicts))
    return verdicts, cannot


@pytest.mark.parametrize("name", [*NAMES, "nginx"])
def test_owner(live, played, name):
    """A process that is named is the one; and nothing of it is lost."""
    verdicts, cannot = played
    if name in cannot:
        pytest.skip(cannot[name])
    mine = [verdict for verdict in verdicts if verdict.label["scenario"] == name]
    assert mine, f"{name} made no label"
    bad = [v for v in mine if v.kind in (WRONG, MISSING) or v.details]
    if bad:
        lines = [f"{len(bad)} of {len(mine)}, such as", *map(str, bad[:3])]
        lines += [look_around(live, v) for v in bad[:3] if v.kind == MISSING]
        pytest.fail("\n".join(lines), pytrace=False)


def test_nearly_every_owner_is_named(played):
    verdicts, _ = played
    right = sum(verdict.kind == RIGHT for verdict in verdicts)
    if right < RIGHT_SHARE_MIN * len(verdicts):
        pytest.fail(f"{right} of {len(verdicts)}\n{summary(verdicts)}", pytrace=False)


def test_every_scenario_is_played(played):
    """The positive control of the fixture: labels of both families and both ends of each."""
    verdicts, cannot = played
    seen = {(v.label["scenario"], v.label["direction"], ":" in v.label["source_ip"]) for v in verdicts}
    for name in {*NAMES, "nginx"} - cannot.keys():
        for direction in ("egress", "ingress"):
            for is_ipv6 in (False, True):
                assert (name, direction, is_ipv6) in seen


def row_that_is_right(verdicts):
    return next(v for v in verdicts if v.kind == RIGHT and v.row["yagura_owner_quality"] == "caller")


@pytest.mark.parametrize(
    "column, value, kind",
    [("owner_pid", 1, WRONG), ("owner_start", 1, WRONG), ("owner_pid", None, WRONG)],
)
def test_a_false_label_is_seen(played, column, value, kind):
    """The positive control of the judge: the same row, another truth."""
    good = row_that_is_right(played[0])
    assert judge(good.label, good.row).kind == RIGHT
    assert judge({**good.label, column: value}, good.row).kind == kind


@pytest.mark.parametrize(
    "column, value", [("source_bytes", -1), ("destination_bytes", -1), ("listener_pid", 1)]
)
def test_a_false_detail_is_seen(played, column, value):
    good = row_that_is_right(played[0])
    assert judge({**good.label, column: value}, good.row).details


def test_first_user_of_a_shared_socket_is_right_only_if_it_says_so(played):
    good = row_that_is_right(played[0])
    label = {**good.label, "owner_pid": 1, "socket_pid": good.label["owner_pid"], "shared": True}
    assert judge(label, {**good.row, "yagura_shared": 1}).kind == RIGHT
    assert judge(label, {**good.row, "yagura_shared": 0}).kind == WRONG


def test_who_accepts_may_be_first_only_if_it_says_so(played):
    good = row_that_is_right(played[0])
    label = {**good.label, "owner_pid": 1, "listener_pid": good.label["owner_pid"],
             "listener_start": good.label["owner_start"]}
    assert judge(label, {**good.row, "yagura_shared": 1}).kind == RIGHT
    assert judge(label, {**good.row, "yagura_shared": 0}).kind == WRONG


def test_a_guess_that_says_so_is_no_lie(played):
    """… but it is not right either."""
    good = row_that_is_right(played[0])
    label = {**good.label, "owner_pid": 1}
    for quality in ("unknown", "inherited"):
        assert judge(label, {**good.row, "yagura_owner_quality": quality}).kind == UNSAID
