"""Maps of embeddings, and what lies between two points of a latent space."""

from typing import Literal

from pydantic import Field

from cloudchamber.data.job_requests.base import JobRequest, RowId, Seed


class FitMap(JobRequest):
    """Project an embedding to the plane (UMAP) and find clusters (HDBSCAN)."""

    embedding: Literal["auto", "measurements", "penultimate", "latent", "self_supervised"] = Field(
        "auto",
        description="What is projected; auto is a self-supervised embedding where it was measured "
        "to beat the measurements on this dataset's labels, else the measurements",
    )
    method: Literal["umap", "parametric_umap"] = Field(
        "umap", description="Parametric: a network that places new cutouts at once"
    )
    model_version_id: RowId | None = Field(
        None, description="The model version whose vectors are projected"
    )
    n_neighbors: int = Field(15, ge=2, le=500, description="UMAP: size of the neighbourhood")
    min_dist: float = Field(0.1, ge=0, le=1, description="UMAP: how tightly points may lie")
    min_cluster_size: int | None = Field(
        None, ge=2, le=100_000, description="HDBSCAN: smallest cluster; by default from the size"
    )
    seed: Seed = 0
    as_before: bool = Field(
        False,
        description="Embedding and method of the map there is; a parametric one places new "
        "cutouts without a new fit",
    )


class Interpolate(JobRequest):
    """Decode the straight line between the latent vectors of two cutouts."""

    model_version_id: RowId = Field(description="A VAE or autoencoder of the dataset")
    first: int = Field(ge=0, description="Ordinal of the cutout it starts from")
    second: int = Field(ge=0, description="Ordinal of the cutout it ends at")
    steps: int = Field(9, ge=2, le=33, description="Images, both ends included")
