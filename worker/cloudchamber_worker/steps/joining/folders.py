"""Class folders: the name of a crop's folder as its class."""

import numpy as np
import pyarrow as pa

from cloudchamber.data.accounts import Table, counted
from cloudchamber.data.escapes import restored
from cloudchamber.data.names import Names
from cloudchamber_worker.imaging.tables import ReadTable
from cloudchamber_worker.steps.joining.classes import ClassPlan
from cloudchamber_worker.steps.joining.judgements import Judgements
from cloudchamber_worker.steps.joining.labels import LabelBook, plan_labels
from cloudchamber_worker.steps.joining.states import RowStates
from cloudchamber_worker.steps.joining.verdicts import settle


class Folders:
    """Class folders as a table of paths and folder names."""

    def __init__(self, crops: list[tuple[str, str | None]], names: Names) -> None:
        inside = [(path, folder) for path, folder in crops if folder]
        self.outside = len(crops) - len(inside)
        self.of = len(names)
        paths = pa.array([path for path, _ in inside], pa.string())
        self.read = ReadTable(pa.table({"path": paths}))
        found = [names.find(path).ordinal for path, _ in inside]
        self.ordinals = np.array([-1 if o is None else o for o in found], np.int64)
        self.judged = Judgements(label_column="folder")
        for row, (_, folder) in enumerate(inside):
            self.judged.add(row, restored(str(folder).strip()))  # our own exports have %2F for /

    def account(self, book: LabelBook, classes: ClassPlan) -> Table:
        """What became of the folders' labels."""
        states = RowStates(self.read)
        table = Table(
            title="class folders", format="folder names", role="labels", key="path",
            label_column="folder", why="folder names are the classes", of=self.of,
        )  # fmt: skip
        states.mark_all(np.flatnonzero(self.ordinals < 0), "refused", "name no cutout")
        table.labels = plan_labels(book, self.judged, self.ordinals, classes, states, only=True)
        table.cutouts = len(np.unique(self.ordinals[self.ordinals >= 0]))
        table.notes = [*self.judged.notes, *classes.notes]
        if self.outside:
            lie = counted(self.outside, "image lies", "images lie")
            table.notes.append(f"{lie} in no folder: no label")
        settle(table, states)
        return table
