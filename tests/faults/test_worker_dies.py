"""A worker that is killed, stopped or stalled: the job goes on, and ends once."""

import os
import signal

import psutil
import pytest

from cloudchamber.data import jobs
from cloudchamber.data.jobs import JobState


def test_a_job_outlives_its_killed_worker(faults):
    job_id = faults.add("test_count", steps=8, seconds=0.25)
    first = faults.worker()
    faults.wait(lambda: faults.traced("step3"))
    first.kill()
    first.wait()
    before = len(faults.lines())

    faults.worker()
    job = faults.finished(job_id)

    assert job.state == JobState.SUCCEEDED
    assert job.attempt == 2
    assert faults.results(job_id) == 1
    assert faults.traced("publish") == 1
    # From its checkpoint: no step that was saved is done again.
    assert faults.traced("step0") == 1
    assert len(faults.lines()) > before


@pytest.mark.slow
def test_the_killed_workers_child_dies_with_it(faults):
    faults.add("test_stubborn")
    worker = faults.worker()
    faults.wait(lambda: faults.traced("start"))
    child = faults.child()
    worker.kill()
    worker.wait()
    faults.wait(lambda: not _runs(child), 5)


@pytest.mark.slow
def test_the_curve_of_a_resumed_job_has_every_epoch_once(faults):
    job_id = faults.add("test_count", steps=6, seconds=0.25)
    faults.worker()
    faults.wait(lambda: faults.traced("step3"))
    os.kill(faults.child("step3"), signal.SIGKILL)

    job = faults.finished(job_id)

    assert job.state == JobState.SUCCEEDED
    with faults.database.read() as session:
        curve = jobs.read_curve(session, job_id)
    assert [row["epoch"] for row in curve or ()] == list(range(6))


def test_a_killed_child_is_resumed_from_its_checkpoint(faults):
    job_id = faults.add("test_count", steps=6, seconds=0.2)
    faults.worker()
    faults.wait(lambda: faults.traced("step2"))
    os.kill(faults.child("step2"), signal.SIGKILL)

    job = faults.finished(job_id)

    assert (job.state, job.attempt, faults.results(job_id)) == (JobState.SUCCEEDED, 2, 1)
    assert job.error is None
    assert faults.traced("step0") == 1


@pytest.mark.slow
def test_a_worker_that_is_asked_to_stop_gives_its_job_back_unharmed(faults):
    job_id = faults.add("test_count", steps=10, seconds=0.2)
    worker = faults.worker()
    faults.wait(lambda: faults.traced("step2"))
    worker.terminate()
    assert worker.wait(8) == 0
    given_back = faults.job(job_id)
    assert (given_back.state, given_back.attempt) == (JobState.QUEUED, 0)

    faults.worker()
    job = faults.finished(job_id)

    assert (job.state, job.attempt, faults.results(job_id)) == (JobState.SUCCEEDED, 1, 1)


def test_a_lease_runs_out_when_its_worker_stands_still(faults):
    """The zombie: stopped past its lease, it wakes when another has the job."""
    job_id = faults.add("test_count", steps=3, seconds=0.5)
    zombie = faults.worker()
    faults.wait(lambda: faults.traced("step0"))
    child = faults.child()
    zombie.send_signal(signal.SIGSTOP)
    os.kill(child, signal.SIGSTOP)

    faults.worker()
    job = faults.finished(job_id)
    assert (job.state, job.attempt, job.result["fence"]) == (JobState.SUCCEEDED, 2, 2)

    os.kill(child, signal.SIGCONT)  # the child first: it runs on and would publish
    faults.wait(lambda: not _runs(child), 10)
    zombie.send_signal(signal.SIGCONT)

    assert faults.results(job_id) == 1
    assert faults.job(job_id).result["fence"] == 2


@pytest.mark.slow
def test_without_the_fence_a_zombie_doubles_the_result(faults):
    """The control: the same story with a task that does not show its fence."""
    job_id = faults.add("test_unfenced", seconds=1.5)
    zombie = faults.worker()
    faults.wait(lambda: faults.traced("start"))
    child = faults.child()
    zombie.send_signal(signal.SIGSTOP)
    os.kill(child, signal.SIGSTOP)
    faults.worker()
    faults.finished(job_id)

    os.kill(child, signal.SIGCONT)

    faults.wait(lambda: faults.results(job_id) == 2, 10)


@pytest.mark.slow
def test_only_the_stopped_supervisor_costs_nothing(faults):
    """Its child works on and publishes; nobody else had claimed the job by then."""
    job_id = faults.add("test_count", steps=3, seconds=0.2)
    worker = faults.worker()
    faults.wait(lambda: faults.traced("step0"))
    worker.send_signal(signal.SIGSTOP)
    job = faults.finished(job_id)
    worker.send_signal(signal.SIGCONT)
    assert (job.state, job.attempt, faults.results(job_id)) == (JobState.SUCCEEDED, 1, 1)


@pytest.mark.slow
def test_every_job_ends_once_under_random_kills(faults):
    import random
    import time

    dice = random.Random(7)
    asked = [faults.add("test_count", steps=4, seconds=0.1) for _ in range(12)]
    workers = [faults.worker(CLOUDCHAMBER_MAX_ATTEMPTS="10") for _ in range(2)]
    for _ in range(10):
        time.sleep(dice.uniform(1.0, 2.5))
        place = dice.randrange(2)
        if dice.random() < 0.5:
            workers[place].kill()
            workers[place].wait()
            workers[place] = faults.worker(CLOUDCHAMBER_MAX_ATTEMPTS="10")
        else:
            workers[place].send_signal(signal.SIGSTOP)
            time.sleep(2.5)
            workers[place].send_signal(signal.SIGCONT)
    for job_id in asked:
        job = faults.finished(job_id, 90)
        assert (job.state, faults.results(job_id)) == (JobState.SUCCEEDED, 1)


def _runs(pid: int) -> bool:
    try:
        # A zombie in the kernel's sense has ended; only its parent has not looked.
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
