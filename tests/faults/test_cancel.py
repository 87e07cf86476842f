"""Cancelling: within seconds, at any moment, with one end."""

import os
import random
import time

import psutil
import pytest

from cloudchamber.data.jobs import FINAL_STATES, JobState


@pytest.mark.slow
def test_a_waiting_job_is_cancelled_at_once(faults):
    job_id = faults.add("test_count", steps=1)
    faults.cancel(job_id)
    assert faults.job(job_id).state == JobState.CANCELLED
    faults.worker()
    time.sleep(2.5)
    assert faults.traced("start") == 0


def test_a_running_job_stops_within_five_seconds(faults):
    """With the production pace of looking, and a task that never asks."""
    job_id = faults.add("test_stubborn")
    faults.worker(
        CLOUDCHAMBER_TICK_SECONDS="1",
        CLOUDCHAMBER_BEAT_SECONDS="5",
        CLOUDCHAMBER_LEASE_SECONDS="30",
    )
    faults.wait(lambda: faults.traced("start"))
    child = faults.child()
    faults.cancel(job_id)

    took = faults.wait(lambda: faults.job(job_id).state == JobState.CANCELLED)

    assert took < 5.0
    # What the child started is gone too.
    faults.wait(lambda: not [p for p in psutil.process_iter() if _computes_for(p, child)], 2)


@pytest.mark.slow
def test_a_task_that_reports_progress_hears_of_the_cancel(faults):
    job_id = faults.add("test_count", steps=200, seconds=0.05)
    faults.worker()
    faults.wait(lambda: faults.traced("step1"))
    faults.cancel(job_id)
    assert faults.wait(lambda: faults.job(job_id).state == JobState.CANCELLED) < 3.0
    assert faults.results(job_id) == 0


def test_cancel_and_publish_leave_exactly_one_end(faults):
    dice = random.Random(3)
    faults.worker()
    jobs = [faults.add("test_count", steps=1, seconds=0.05) for _ in range(12)]
    pending = set(jobs)
    while pending:
        for job_id in list(pending):
            state = faults.job(job_id).state
            if state in FINAL_STATES:
                pending.discard(job_id)
            elif state == JobState.RUNNING and dice.random() < 0.3:
                faults.cancel(job_id)
        time.sleep(dice.uniform(0.01, 0.1))
    ends = {job_id: faults.job(job_id).state for job_id in jobs}
    assert set(ends.values()) <= {JobState.SUCCEEDED, JobState.CANCELLED}
    for job_id, state in ends.items():
        assert faults.results(job_id) == (state == JobState.SUCCEEDED)


@pytest.mark.slow
def test_the_job_of_a_dead_worker_can_be_cancelled(faults):
    job_id = faults.add("test_stubborn")
    worker = faults.worker()
    faults.wait(lambda: faults.traced("start"))
    worker.kill()
    worker.wait()
    faults.cancel(job_id)
    faults.worker()
    assert faults.finished(job_id).state == JobState.CANCELLED


def _computes_for(process: psutil.Process, group: int) -> bool:
    try:
        return os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, ProcessLookupError):
        return False
