"""Tables and class folders of an import: planned against the dataset, then written."""

from collections import Counter
from dataclasses import dataclass, field

from cloudchamber.data.accounts import Table
from cloudchamber.data.job_requests import Joining
from cloudchamber.data.jobs import update_import_file
from cloudchamber.data.names import Names
from cloudchamber.data.retired import live_paths
from cloudchamber_worker.imaging.sandbox import Item
from cloudchamber_worker.imaging.tables import ReadTable
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.joining.brought import Brought, Keyed, keyed, role_of, use_of
from cloudchamber_worker.steps.joining.classes import ClassPlan, plan_classes
from cloudchamber_worker.steps.joining.describing import describe
from cloudchamber_worker.steps.joining.existing import Existing
from cloudchamber_worker.steps.joining.folders import Folders
from cloudchamber_worker.steps.joining.labels import LabelBook, plan_labels, write_labels
from cloudchamber_worker.steps.joining.metadata import ColumnPlan, write_columns
from cloudchamber_worker.steps.joining.verdicts import close, of_file
from cloudchamber_worker.steps.report_lines import Line


@dataclass
class Plan:
    """What an import of tables would write, and the account of it."""

    keyed: list[Keyed]
    folders: Table | None
    book: LabelBook
    classes: ClassPlan
    columns: list[ColumnPlan] = field(default_factory=list)


class Tables:
    """Gathers tables and class folders during an import; `join` applies them at its end.

    added_columns : metadata columns that were written
    folders : account of the class folders, None where folders are no labels
    """

    def __init__(self, job: JobContext, params: Joining) -> None:
        self.job, self.params = job, params
        self.added_columns = 0
        self.folders: Table | None = None
        self._brought: list[Brought] = []
        self._crops: list[tuple[str, str | None]] = []

    def note_crop(self, path: str, folder: str | None) -> None:
        """Remember a crop that is in the dataset, for its folder may be its class."""
        if self.params.class_folders == "labels":
            self._crops.append((path, folder))

    def add(self, line: Line, item: Item, role: str = "data") -> None:
        """Keep a table; `join` writes into the line what became of it."""
        assert item.table is not None
        self.add_table(ReadTable.of(item.table, item.about), role, line)

    def add_table(self, read: ReadTable, role: str = "data", line: Line | None = None) -> None:
        """Keep a table that was read or made here."""
        use, why = use_of(read, role, self.params.label_column)
        self._brought.append(Brought(read, use, why, line))
        if line is not None:
            line.account.taken_for = "metadata" if use == "metadata" else "labels"
            line.account.why = why
            line.account.tables.append(
                Table(role=role_of(use), title=read.title, format=read.format, why=why)
            )

    @property
    def owners(self) -> list[str]:
        """The files that the tables came in, one per table."""
        return ["" if b.line is None else b.line.name for b in self._brought]

    def preview(self, names: Names) -> list[Table]:
        """The accounts of the tables, and of the class folders last, without writing anything.

        names : paths of the cutouts in the dataset (in ordinal order), then of those on their way
        """
        plan = self._plan(names)
        return [k.account for k in plan.keyed] + ([plan.folders] if plan.folders else [])

    def join(self) -> None:
        """Write metadata columns and labels, and into every line what became of its tables."""
        if not self._brought and not self._crops:
            return
        dataset_id = self.job.dataset_id
        assert dataset_id is not None
        with self.job.read() as session:
            names = Names(live_paths(session, dataset_id))
        plan = self._plan(names)
        write_columns(self.job, dataset_id, plan.columns)
        self.added_columns = len(plan.columns)
        write_labels(self.job, dataset_id, plan.book, plan.classes, self.params.label_set)
        self.folders = plan.folders
        self._tell(plan)

    def _plan(self, names: Names) -> Plan:
        params = self.params
        existing = Existing(self.job.read, self.job.into, len(names))
        tables = [keyed(brought, names, params) for brought in self._brought]
        folders = Folders(self._crops, names) if self._crops else None
        given: Counter[str | int] = Counter()
        for each in tables:
            if each.judged is not None:
                met = [each.ordinals[row] >= 0 for row in each.judged.rows]
                given.update(label for label, ok in zip(each.judged.labels, met, strict=True) if ok)
        if folders is not None:
            given.update(folders.judged.labels)
        classes = plan_classes(given, existing, params.label_set)
        annotator = params.annotator or self.job.requested_by or "import"
        book = LabelBook(existing, annotator, params.existing_labels)
        plan = Plan(tables, None, book, classes)
        columns: dict[str, ColumnPlan] = {}
        for each in tables:
            if each.account.state != "joined":
                continue
            if each.judged is not None:
                only = each.brought.use == "labels"
                each.account.labels = plan_labels(
                    book, each.judged, each.ordinals, classes, each.states, only=only
                )
            describe(each, existing, columns, params)
            close(each, classes)
        plan.columns = list(columns.values())
        if folders is not None:
            plan.folders = folders.account(book, classes)
        return plan

    def _tell(self, plan: Plan) -> None:
        by_line: dict[str, tuple[Line, list[Table]]] = {}
        for each in plan.keyed:
            line = each.brought.line
            if line is not None:
                by_line.setdefault(line.name, (line, []))[1].append(each.account)
        if not by_line:
            return
        with self.job.write() as session:
            for line, accounts in by_line.values():
                line.account.tables = accounts
                line.state, line.reason = of_file(accounts)
                update_import_file(
                    session, self.job.id, line.name, state=line.state, reason=line.reason,
                    detail=line.account.model_dump(mode="json"),
                )  # fmt: skip
