"""Jobs and events over HTTP: ask once, cancel, try again, hear of changes."""

import json
import subprocess
import sys
import uuid

import pytest

from cloudchamber.data import jobs, leases, revisions
from cloudchamber.data.jobs import ImportFile


@pytest.fixture
def dataset_id(client):
    return client.post("/api/v1/datasets", json={"name": "tracks"}).json()["id"]


@pytest.fixture
def ask(client, dataset_id):
    def ask(kind="fit_map", params=None, key=None, **more):
        body = {"kind": kind, "dataset_id": dataset_id, "params": params or {}, **more}
        return client.post("/api/v1/jobs", json=body | {"key": key or str(uuid.uuid4())})

    return ask


def end(client, job_id, how):
    """Let a worker's supervisor take the job and end it."""
    with client.app.state.database.write() as session:
        lease = leases.claim(session, job_id, owner="w", seconds=30)
        assert lease is not None
        how(session, lease)


def test_every_kind_describes_its_parameters(client):
    kinds = {kind["kind"]: kind for kind in client.get("/api/v1/job-kinds").json()}
    assert set(kinds) == {
        "import_files", "detect_again", "look_at_exposure", "bring_back_detections",
        "measure_again", "look", "simulate_exposures", "fit_map", "train_classifier", "train_vae",
        "train_autoencoder", "train_self_supervised", "search_hyperparameters",
        "leave_one_class_out", "learning_curve", "apply_model", "interpolate", "evaluate",
    }  # fmt: skip
    assert kinds["train_classifier"]["queue"] == "gpu"
    assert "folds" in kinds["train_classifier"]["params_schema"]["properties"]
    assert all(kind["description"] and kind["title"] for kind in kinds.values())


def test_a_job_is_accepted_with_its_defaults_filled_in(ask, client):
    answer = ask(params={"seed": 3})
    assert answer.status_code == 202
    job = answer.json()
    assert (job["state"], job["title"], job["created_by"]) == ("queued", "Fit map", "tester")
    assert job["params"]["seed"] == 3
    assert job["params"]["n_neighbors"] == 15
    assert client.get(f"/api/v1/jobs/{job['id']}").json() == job
    assert client.get("/api/v1/jobs").json() == [job]


def test_the_same_key_gives_the_same_job_and_another_request_is_refused(ask):
    key = str(uuid.uuid4())
    first, again = ask(key=key), ask(key=key)
    assert first.json()["id"] == again.json()["id"]
    other = ask(key=key, params={"seed": 1})
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("fly", {}),
        ("fit_map", {"n_neighbors": 1}),
        ("fit_map", {"neighbours": 5}),
        ("import_files", {"uploads": []}),
        ("train_classifier", {"architecture": "../x"}),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(ask, kind, params):
    answer = ask(kind, params)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_job_on_a_missing_or_deleted_dataset_is_refused(ask, client, dataset_id):
    assert ask(dataset_id=10_000).status_code == 404
    client.delete(f"/api/v1/datasets/{dataset_id}")
    assert ask().status_code == 404


def test_cancel_is_final_for_a_waiting_job_and_may_be_repeated(ask, client):
    job_id = ask().json()["id"]
    for _ in range(2):
        answer = client.post(f"/api/v1/jobs/{job_id}/cancel")
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert client.post("/api/v1/jobs/999/cancel").status_code == 404


def test_retry_makes_one_new_job_with_the_old_one_as_parent(ask, client):
    old = ask(params={"seed": 5}).json()
    assert client.post(f"/api/v1/jobs/{old['id']}/retry").status_code == 409
    client.post(f"/api/v1/jobs/{old['id']}/cancel")
    first = client.post(f"/api/v1/jobs/{old['id']}/retry").json()
    again = client.post(f"/api/v1/jobs/{old['id']}/retry").json()
    assert first["id"] == again["id"]
    assert (first["parent_id"], first["params"]) == (old["id"], old["params"])
    assert first["state"] == "queued"


def test_a_failed_job_tells_its_error_and_a_succeeded_one_its_result_and_curve(ask, client):
    failed, succeeded = ask().json()["id"], ask().json()["id"]
    error = {"message": "No labels.", "hint": "Label.", "detail": None}
    end(client, failed, lambda session, lease: leases.fail(session, lease, error))
    curve = [{"epoch": 0, "loss": 1.5}]
    end(
        client,
        succeeded,
        lambda session, lease: leases.publish(session, lease, {"n": 3}, curve=curve),
    )
    assert client.get(f"/api/v1/jobs/{failed}").json()["error"] == error
    job = client.get(f"/api/v1/jobs/{succeeded}").json()
    assert (job["result"], job["curve"], job["error"]) == ({"n": 3}, curve, None)
    assert job["started_at"] is not None
    assert job["finished_at"] >= job["started_at"]
    states = client.get("/api/v1/jobs", params={"state": ["failed", "cancelled"]}).json()
    assert [job["id"] for job in states] == [failed]


def test_jobs_come_newest_first_in_pages(ask, client):
    ids = [ask().json()["id"] for _ in range(5)]
    page = client.get("/api/v1/jobs", params={"limit": 2}).json()
    assert [job["id"] for job in page] == [ids[4], ids[3]]
    rest = client.get("/api/v1/jobs", params={"before": ids[3], "limit": 10}).json()
    assert [job["id"] for job in rest] == [ids[2], ids[1], ids[0]]


def test_the_report_of_an_import_is_paged_and_counted(ask, client, dataset_id):
    job_id = ask().json()["id"]
    with client.app.state.database.write() as session:
        jobs.add_import_files(
            session,
            [
                ImportFile(
                    job_id=job_id,
                    dataset_id=dataset_id,
                    name=f"{n}.png",
                    state="refused" if n == 3 else "in",
                    reason="It is no image." if n == 3 else "",
                )
                for n in range(5)
            ],
        )
    page = client.get(f"/api/v1/jobs/{job_id}/files", params={"limit": 3}).json()
    assert page["counts"] == {"in": 4, "refused": 1}
    rest = client.get(f"/api/v1/jobs/{job_id}/files", params={"after": page["next"]}).json()
    assert [f["name"] for f in page["items"] + rest["items"]] == [f"{n}.png" for n in range(5)]
    assert rest["next"] is None
    refused = client.get(f"/api/v1/jobs/{job_id}/files", params={"state": "refused"}).json()
    assert [f["reason"] for f in refused["items"]] == ["It is no image."]


def test_events_of_a_missing_dataset_are_not_streamed(client):
    assert client.get("/api/v1/events", params={"dataset_id": 77}).status_code == 404


def test_a_watch_sees_changes_of_other_processes(client, dataset_id, migrated_url):
    import asyncio

    from cloudchamber.api.events import Watch
    from cloudchamber.data.database import Database

    other = Database(migrated_url)  # as a worker has it

    async def story():
        watch = Watch(client.app.state.database, dataset_id)
        before = await watch.latest()
        with other.write() as session:
            revisions.bump(session, dataset_id, "columns")
        await asyncio.sleep(0.3)
        return before, await watch.latest()

    before, after = asyncio.run(story())
    other.dispose()
    assert after.columns == before.columns + 1
    assert after.labels == before.labels


def test_the_worker_that_watches_the_children_imports_nothing_heavy(tmp_path):
    code = (
        "import sys, json, cloudchamber_worker.app\n"
        "heavy = {'torch', 'umap', 'sklearn', 'scipy', 'astropy', 'numba', 'PIL', 'hdbscan'}\n"
        "print(json.dumps(sorted(heavy & set(sys.modules))))"
    )
    environment = {
        "CLOUDCHAMBER_DATABASE_URL": f"sqlite:///{tmp_path / 'x.db'}",
        "CLOUDCHAMBER_BROKER_URL": "redis://127.0.0.1:9/0",
    }
    ran = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, check=True
    )
    assert json.loads(ran.stdout) == []
