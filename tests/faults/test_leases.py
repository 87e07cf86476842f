"""The guarded writes themselves, in one process: who may claim, beat, publish, fail and cancel."""

import threading
import uuid

import pytest

from cloudchamber.data import datasets, jobs, leases, revisions, sweeps
from cloudchamber.data.jobs import Job, JobState


@pytest.fixture
def dataset_id(database):
    with database.write() as session:
        return datasets.create_dataset(session, "leases").id


@pytest.fixture
def add(database, dataset_id):
    def add(kind="fit_map", queue="cpu"):
        with database.write() as session:
            return jobs.add_job(
                session, kind=kind, queue=queue, dataset_id=dataset_id, params={}, key=_key()
            ).id

    return add


def _key():
    return str(uuid.uuid4())


def try_claim(database, job_id, seconds=30.0, owner="a"):
    with database.write() as session:
        return leases.claim(session, job_id, owner=owner, seconds=seconds)


def claim(database, job_id, seconds=30.0, owner="a") -> leases.Lease:
    lease = try_claim(database, job_id, seconds, owner)
    assert lease is not None
    return lease


def state(database, job_id):
    with database.read() as session:
        return session.get_one(Job, job_id).state


def test_only_one_of_many_claims_succeeds(database, add):
    job_id = add()
    won = []

    def try_it(name):
        if (lease := try_claim(database, job_id, owner=name)) is not None:
            won.append(lease)

    threads = [threading.Thread(target=try_it, args=(str(n),)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [lease.fence for lease in won] == [1]


def test_a_live_lease_cannot_be_claimed_and_an_expired_one_can(database, add):
    job_id = add()
    first = claim(database, job_id, seconds=30)
    assert try_claim(database, job_id) is None
    with database.write() as session:
        sweeps.expire(session, "a")
    second = claim(database, job_id, owner="b")
    assert (first.fence, second.fence, second.attempt) == (1, 2, 2)


def test_the_old_holder_can_write_nothing_any_more(database, add):
    job_id = add()
    old = claim(database, job_id, seconds=-1)
    new = claim(database, job_id)
    with database.write() as session:
        assert leases.renew(session, old, seconds=30, progress={"fraction": 0.5}) is None
        assert leases.publish(session, old, {}) is False
        assert leases.fail(session, old, {"message": "x"}) is False
        assert leases.fail_attempt(session, old, {"message": "x"}, max_attempts=3) is None
        assert leases.release(session, old) is False
        assert leases.held_state(session, old, lock=True) is None
        assert leases.publish(session, new, {"by": "new"}) is True
    assert state(database, job_id) == JobState.SUCCEEDED


def test_cancel_before_publish_wins_and_after_it_loses(database, add):
    early, late = add(), add()
    held = claim(database, early)
    with database.write() as session:
        assert jobs.request_cancel(session, early) == JobState.CANCELLING
        assert leases.publish(session, held, {}) is False
        assert leases.finish_cancel(session, held) is True
    assert state(database, early) == JobState.CANCELLED
    held = claim(database, late)
    with database.write() as session:
        assert leases.publish(session, held, {}) is True
        assert jobs.request_cancel(session, late) == JobState.SUCCEEDED
    assert state(database, late) == JobState.SUCCEEDED


def test_a_job_nobody_holds_is_queued_again_and_fails_after_three_attempts(database, add):
    job_id = add()
    for attempt in (1, 2, 3):
        assert claim(database, job_id, seconds=-1).attempt == attempt
        with database.write() as session:
            rung = sweeps.sweep(session, patience=0.0, max_attempts=3)
        if attempt < 3:
            assert [row[0] for row in rung] == [job_id]
    with database.read() as session:
        job = session.get_one(Job, job_id)
    assert job.state == JobState.FAILED
    assert job.error and "lost 3 times" in job.error["message"]
    assert try_claim(database, job_id) is None


def test_a_cancelled_job_of_a_dead_worker_is_settled_by_the_sweep(database, add):
    job_id = add()
    claim(database, job_id, seconds=-1)
    with database.write() as session:
        jobs.request_cancel(session, job_id)
        sweeps.sweep(session)
    assert state(database, job_id) == JobState.CANCELLED


def test_a_sweep_rings_for_the_oldest_of_each_queue_and_waits_between(database, add):
    cpu = [add() for _ in range(12)]
    gpu = [add(queue="gpu") for _ in range(2)]
    with database.write() as session:
        first = sweeps.sweep(session, patience=5.0)
        again = sweeps.sweep(session, patience=5.0)
    assert [row[0] for row in first] == cpu[: sweeps.RING_AT_MOST] + gpu
    assert again == []
    with database.read() as session:
        assert not sweeps.needs_sweep(session, patience=5.0)


def test_every_change_raises_the_datasets_counter(database, add, dataset_id):
    def counter():
        with database.read() as session:
            return revisions.read(session, dataset_id)["jobs"]

    seen = [counter()]
    job_id = add()
    seen.append(counter())
    held = claim(database, job_id)
    seen.append(counter())
    with database.write() as session:
        leases.renew(session, held, seconds=30, progress={"fraction": 0.5})
    seen.append(counter())
    with database.write() as session:
        leases.renew(
            session, held, seconds=30
        )  # a beat without news is none of the pages' business
    assert counter() == seen[-1]
    with database.write() as session:
        leases.publish(session, held, {})
    seen.append(counter())
    assert seen == sorted(set(seen))


def test_a_checkpoint_is_kept_between_attempts_and_gone_at_the_end(database, add):
    job_id = add()
    held = claim(database, job_id, seconds=-1)
    with database.write() as session:
        leases.save_checkpoint(session, held, b"one", curve=[{"epoch": 0}])
        leases.save_checkpoint(session, held, b"two", curve=[{"epoch": 0}, {"epoch": 1}])
    held = claim(database, job_id)
    with database.write() as session:
        assert leases.load_checkpoint(session, job_id) == b"two"
        assert jobs.read_curve(session, job_id) == [{"epoch": 0}, {"epoch": 1}]
        leases.publish(session, held, {})
        assert leases.load_checkpoint(session, job_id) is None


def test_an_epoch_told_again_replaces_itself_and_what_followed():
    rows = []
    for fold, epoch in ((0, 0), (0, 1), (1, 0), (1, 1), (1, 0), (1, 1)):
        leases.merge_row(rows, {"fold": fold, "epoch": epoch})
    assert [(row["fold"], row["epoch"]) for row in rows] == [(0, 0), (0, 1), (1, 0), (1, 1)]
