"""Jobs that crash, vanish, eat all memory or fail: one sentence, and the others go on."""

import pytest

from cloudchamber.data.jobs import JobState


def test_poison_jobs_fail_after_three_attempts_and_the_others_go_on(faults):
    poison = {
        faults.add("test_segfault"): "it crashed (segmentation fault)",
        faults.add("test_vanish"): "it ended by itself with exit status 3",
        faults.add("test_leave"): "it ended by itself with exit status 0",
    }
    neighbour = faults.add("test_count", steps=2)
    faults.worker()

    assert faults.finished(neighbour).state == JobState.SUCCEEDED
    for job_id, words in poison.items():
        job = faults.finished(job_id)
        assert (job.state, job.attempt) == (JobState.FAILED, 3)
        assert words in job.error["message"]
        assert job.error["hint"]
    assert faults.traced("start") == 3 * 3 + 1


def test_exceptions_fail_at_once_with_a_sentence_and_without_folders(faults):
    expected = faults.add("test_sentence")
    bug = faults.add("test_surprise")
    faults.worker()

    job = faults.finished(expected)
    assert (job.state, job.attempt) == (JobState.FAILED, 1)
    assert job.error == {
        "message": "There are no labels yet.",
        "hint": "Label some cutouts first.",
        "detail": None,
    }
    job = faults.finished(bug)
    assert (job.state, job.attempt) == (JobState.FAILED, 1)
    assert "ZeroDivisionError: a surprise" in job.error["message"]
    assert "fault_tasks.py" in job.error["detail"]
    assert "/" not in job.error["detail"]


def test_a_job_out_of_memory_says_so_and_is_not_tried_again(faults):
    job_id = faults.add("test_eat")
    faults.worker(CLOUDCHAMBER_MEMORY_FRACTION="0.03")

    job = faults.finished(job_id)

    assert (job.state, job.attempt) == (JobState.FAILED, 1)
    assert job.error["message"].startswith("Out of memory: the job's process took")
    assert faults.finished(faults.add("test_count", steps=1)).state == JobState.SUCCEEDED


@pytest.mark.slow
def test_a_job_without_a_sign_of_life_is_ended(faults):
    job_id = faults.add("test_stubborn")
    faults.worker(CLOUDCHAMBER_STALL_SECONDS="1", CLOUDCHAMBER_MAX_ATTEMPTS="1")

    job = faults.finished(job_id)

    assert job.state == JobState.FAILED
    assert "no sign of life" in job.error["message"]
