"""Any history of claims, beats, deaths, cancels and ends, held against a model of a few lines."""

import uuid

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from cloudchamber.data import jobs, leases, sweeps
from cloudchamber.data.database import Database
from cloudchamber.data.jobs import FINAL_STATES, Job, JobState

ATTEMPTS = 3


class Histories(RuleBasedStateMachine):
    """One job, several workers; each remembers the last lease it got."""

    database: Database

    def __init__(self):
        super().__init__()
        with self.database.write() as session:
            self.job_id = jobs.add_job(
                session, kind="fit_map", queue="cpu", dataset_id=None, params={}, key=_key()
            ).id
        self.holder = None  # the lease that counts
        self.leases = []
        self.published = 0
        self.end = None

    def row(self):
        with self.database.read() as session:
            return session.get_one(Job, self.job_id)

    @rule(dead=st.booleans())
    def claim(self, dead):
        before = self.row()
        with self.database.write() as session:
            lease = leases.claim(
                session,
                self.job_id,
                owner="w",
                seconds=-1.0 if dead else 1e6,
                max_attempts=ATTEMPTS,
            )
        if lease is not None:
            assert before.state in (JobState.QUEUED, JobState.RUNNING)
            assert lease.fence == before.fence + 1
            self.holder = lease
            self.leases.append(lease)

    @rule(data=st.data(), how=st.sampled_from(["publish", "fail", "died", "release", "cancelled"]))
    def end_one(self, data, how):
        if not self.leases:
            return
        lease = data.draw(st.sampled_from(self.leases))
        before = self.row()
        with self.database.write() as session:
            done = {
                "publish": lambda: leases.publish(session, lease, {"fence": lease.fence}),
                "fail": lambda: leases.fail(session, lease, {"message": "m"}),
                "died": lambda: leases.fail_attempt(
                    session, lease, {"message": "m"}, max_attempts=ATTEMPTS
                ),
                "release": lambda: leases.release(session, lease),
                "cancelled": lambda: leases.finish_cancel(session, lease),
            }[how]()
        wanted = JobState.CANCELLING if how == "cancelled" else JobState.RUNNING
        assert bool(done) == (lease.fence == before.fence and before.state == wanted)
        self.published += bool(done) and how == "publish"

    @rule()
    def cancel(self):
        with self.database.write() as session:
            jobs.request_cancel(session, self.job_id)

    @rule()
    def sweep(self):
        with self.database.write() as session:
            sweeps.sweep(session, patience=0.0, max_attempts=ATTEMPTS)

    @invariant()
    def ends_once(self):
        job = self.row()
        assert self.published <= 1
        assert (job.state == JobState.SUCCEEDED) == (self.published == 1)
        assert job.attempt <= ATTEMPTS
        if self.end is not None:
            assert job.state == self.end, "an end is final"
        if job.state in FINAL_STATES:
            self.end = job.state
            assert job.finished_at is not None
            assert job.lease_until is None


def _key():
    return str(uuid.uuid4())


def test_no_history_ends_a_job_twice(database):
    Histories.database = database
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=30,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
