"""The broker may lose, double or delay messages, or be gone: every job runs, and runs once."""

import time

import pytest
import redis

from cloudchamber.data.jobs import JobState
from cloudchamber.queue import JobQueue, sweeping

NO_SWEEP = {"CLOUDCHAMBER_SWEEP_SECONDS": "100000"}


def ring(url, faults, job_id, times=1):
    queue = JobQueue(url)
    for _ in range(3):
        queue.ring(faults.job(job_id))
    queue.close()


@pytest.mark.slow
def test_a_rung_job_starts_without_any_sweep(faults, valkey_url):
    faults.worker(**NO_SWEEP)
    job_id = faults.add("test_count", steps=1)
    ring(valkey_url, faults, job_id)
    assert faults.finished(job_id).state == JobState.SUCCEEDED


def test_a_message_that_comes_five_times_runs_the_job_once(faults, valkey_url):
    job_id = faults.add("test_count", steps=3, seconds=0.2)
    ring(valkey_url, faults, job_id, times=5)
    faults.worker()
    faults.worker()

    job = faults.finished(job_id)
    ring(valkey_url, faults, job_id, times=2)  # and once more when it is long done
    time.sleep(1.0)

    assert (job.state, job.attempt) == (JobState.SUCCEEDED, 1)
    assert (faults.traced("start"), faults.results(job_id)) == (1, 1)


def test_a_wiped_broker_loses_no_job(faults, valkey_url, valkey_socket):
    jobs = [faults.add("test_count", steps=1) for _ in range(4)]
    for job_id in jobs:
        ring(valkey_url, faults, job_id)
    with redis.Redis(unix_socket_path=str(valkey_socket)) as connection:
        connection.flushall()
    faults.worker()
    for job_id in jobs:
        assert faults.finished(job_id).state == JobState.SUCCEEDED


@pytest.mark.slow
def test_without_the_sweep_a_wiped_broker_loses_the_job(faults, valkey_url, valkey_socket):
    """The control: nobody rings again, and the job waits for ever."""
    job_id = faults.add("test_count", steps=1)
    ring(valkey_url, faults, job_id)
    with redis.Redis(unix_socket_path=str(valkey_socket)) as connection:
        connection.flushall()
    faults.worker(**NO_SWEEP)
    time.sleep(4.0)
    assert faults.job(job_id).state == JobState.QUEUED


@pytest.mark.slow
def test_a_broker_that_is_down_refuses_no_job_and_delays_it_only(faults, own_valkey):
    faults.environment["CLOUDCHAMBER_BROKER_URL"] = own_valkey.url
    faults.worker()
    assert faults.finished(faults.add("test_count", steps=1)).state == JobState.SUCCEEDED

    own_valkey.stop()
    job_id = faults.add("test_count", steps=1)
    queue = JobQueue(own_valkey.url)
    began = time.monotonic()
    queue.ring(faults.job(job_id))
    assert time.monotonic() - began < 0.5
    own_valkey.start()

    assert faults.finished(job_id).state == JobState.SUCCEEDED
    queue.close()


@pytest.mark.slow
def test_the_servers_own_sweep_rings_for_a_forgotten_job(faults, valkey_url):
    faults.worker(**NO_SWEEP)
    job_id = faults.add("test_count", steps=1)
    queue = JobQueue(valkey_url)
    with sweeping(faults.database, queue, every=0.2, patience=0.5):
        assert faults.finished(job_id).state == JobState.SUCCEEDED
    queue.close()


def test_waiting_jobs_do_not_pile_up_in_the_broker(faults, valkey_url):
    for _ in range(30):
        faults.add("test_count", steps=1)
    queue = JobQueue(valkey_url)
    for _ in range(10):
        queue.ring_again(faults.database, patience=0.0)
    assert queue.waiting("cpu") <= 16
    queue.close()


@pytest.mark.slow
def test_follow_ups_start_by_themselves(faults):
    job_id = faults.add("test_count", steps=1, follow_up=[["fit_map", {}]])
    faults.worker()
    faults.finished(job_id)
    from cloudchamber.data import jobs

    with faults.database.read() as session:
        found = jobs.list_jobs(session)
    assert [(job.kind, job.parent_id) for job in found if job.id != job_id] == [("fit_map", job_id)]
    faults.wait(lambda: faults.job(found[0].id).state != JobState.QUEUED)


@pytest.mark.slow
def test_a_worker_killed_thrice_leaves_no_job_behind(faults):
    jobs = [faults.add("test_count", steps=2, seconds=0.1) for _ in range(4)]
    for _ in range(3):
        worker = faults.worker()
        faults.wait(lambda: faults.traced("start"))
        worker.kill()
        worker.wait()
    faults.worker(CLOUDCHAMBER_MAX_ATTEMPTS="9")
    for job_id in jobs:
        assert faults.finished(job_id).state == JobState.SUCCEEDED
        assert faults.results(job_id) == 1
