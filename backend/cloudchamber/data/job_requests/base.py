"""What all job requests share."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt

RowId = Annotated[StrictInt, Field(gt=0)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
Annotator = Annotated[
    str | None,
    Field(max_length=200, description="Whose labels; by default the consensus"),
]
Epochs = Annotated[int | None, Field(ge=1, le=2000, description="By default the method's own")]
# The registry's names (`learning.architectures`, which a test holds against this list): a request
# for another is refused before a job exists, and the page offers them as a menu.
ArchitectureName = Literal[
    "default", "small_cnn", "seed_cnn", "seed_cnn_3", "resnet18", "metadata_net", "trees",
    "extra_trees",
]  # fmt: skip


class JobRequest(BaseModel):
    """The parameters of one job kind; unknown names are refused."""

    model_config = ConfigDict(extra="forbid")
