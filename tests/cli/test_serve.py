"""The stack: it starts, finds itself, mends itself and ends in order."""

import os
import signal
import time

import httpx
import psutil
import pytest

from cloudchamber.running import find_server


def processes_of(pid):
    return {
        name: child
        for child in psutil.Process(pid).children(recursive=True)
        for name in ("valkey-server", "cloudchamber_worker")
        if any(name in word for word in child.cmdline())
    }


def test_serve_starts_everything_and_ends_it_within_ten_seconds(shell, tmp_path):
    data = tmp_path / "data"
    process = shell.start("serve", "--data", data, "--port", 0, "--no-browser")
    try:
        deadline = time.monotonic() + 60
        while find_server(data) is None and time.monotonic() < deadline:
            time.sleep(0.05)
        server = find_server(data)
        assert server is not None
        assert httpx.get(f"{server.url}/api/v1/health/ready").status_code == 200
        beside = processes_of(process.pid)
        assert set(beside) == {"valkey-server", "cloudchamber_worker"}
        with httpx.Client(base_url=server.url) as client:
            made = client.post("/api/v1/datasets", json={"name": "x"}).json()
            # A page that listens does not hold the end up.
            with client.stream("GET", f"/api/v1/events?dataset_id={made['id']}") as events:
                assert next(events.iter_lines()) == "event: changed"
                began = time.monotonic()
                process.terminate()
                process.wait(10)
        assert time.monotonic() - began < 10
    finally:
        process.kill()
        out, err = process.communicate()
    assert process.returncode == 0, err
    assert find_server(data) is None
    assert not [child for child in beside.values() if child.is_running()]
    assert server.runtime_dir is not None
    assert not os.path.exists(server.runtime_dir)  # noqa: PTH110
    assert "Cloudchamber is ready at" in err
    assert "Traceback" not in out + err


def test_only_one_server_runs_on_a_data_directory(shell, tmp_path):
    data = tmp_path / "data"
    with shell.serving(data, "--no-worker") as server:
        second = shell("serve", "--data", data, "--port", 0, "--no-browser")
        assert second.code == 1
        assert f"already runs on this data directory at {server.url}" in second.err
        # Commands find it there.
        assert shell("user", "add", "Ada", "--data", data).code == 0
        names = [p["name"] for p in shell("user", "--data", data, "--json").json]
        assert names == ["Ada"]
    # And start their own when it is gone.
    ran = shell("user", "list", "--data", data)
    assert ran.code == 0
    assert "Ada" in ran.out


def test_a_taken_port_is_a_sentence(shell, tmp_path):
    with shell.serving(tmp_path / "one", "--no-worker") as server:
        port = server.url.rsplit(":", 1)[1]
        ran = shell("serve", "--data", tmp_path / "two", "--port", port, "--no-browser")
    assert ran.code == 1
    assert f"Port {port} of 127.0.0.1 cannot be used" in ran.err


def test_an_open_server_without_a_token_is_refused(shell, tmp_path):
    ran = shell("serve", "--data", tmp_path / "data", "--host", "0.0.0.0", "--no-browser")
    assert ran.code == 1
    assert "CLOUDCHAMBER_TOKEN" in ran.err


@pytest.mark.slow
def test_a_dead_worker_and_a_dead_broker_are_started_again(shell, tmp_path):
    data = tmp_path / "data"
    with shell.serving(data) as server:
        before = processes_of(server.pid)
        for child in before.values():
            child.send_signal(signal.SIGKILL)
        deadline = time.monotonic() + 30
        now = before
        while time.monotonic() < deadline:
            now = processes_of(server.pid)
            if len(now) == 2 and all(now[name].pid != before[name].pid for name in now):
                break
            time.sleep(0.2)
        assert {now[name].pid for name in now}.isdisjoint({p.pid for p in before.values()})
        assert len(now) == 2


@pytest.mark.slow
def test_nothing_survives_a_killed_server(shell, tmp_path):
    data = tmp_path / "data"
    process = shell.start("serve", "--data", data, "--port", 0, "--no-browser")
    while find_server(data) is None:
        time.sleep(0.05)
    beside = processes_of(process.pid)
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 5
    while [p for p in beside.values() if _computes(p)] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [p for p in beside.values() if _computes(p)]
    with shell.serving(data):  # and the next one is not in the way of the last
        pass


def _computes(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
