"""The columns of a table that describe cutouts, each accounted for."""

from typing import Literal

import numpy as np
import pyarrow as pa

from cloudchamber.data.accounts import TableColumn
from cloudchamber.data.job_requests import Joining
from cloudchamber_worker.imaging.tables import ReadTable, holds_names
from cloudchamber_worker.steps.joining.brought import Keyed
from cloudchamber_worker.steps.joining.existing import Existing, KnownColumn
from cloudchamber_worker.steps.joining.metadata import ColumnPlan, plan_columns, unique_rows


def describe(
    each: Keyed, existing: Existing, plans: dict[str, ColumnPlan], params: Joining
) -> None:
    """Account for every column, and plan those that describe cutouts."""
    read, account = each.read, each.account
    judged = each.judged
    named: list[TableColumn] = []
    rest: list[str] = []
    for name in read.table.column_names:
        use: Literal["key", "label", "annotator", ""] = ""
        if name == account.key:
            use = "key"
        elif judged is not None and name == judged.annotator_column:
            use = "annotator"
        elif judged is not None and name in judged.used:
            use = "label"
        if use:
            named.append(TableColumn(name=name, state="joined", use=use))
        else:
            rest.append(name)
    if each.brought.use == "labels":
        named += [
            TableColumn(name=n, state="ignored",
                        reason="the table is of labels; import it as metadata for its columns")
            for n in rest
        ]  # fmt: skip
        account.columns = named
        account.cutouts = len(np.unique(each.ordinals[each.ordinals >= 0]))
        return
    again = [n for n in rest if _names_the_same(read, n, account.key)]
    named += [TableColumn(name=n, state="ignored", reason=f"says what {account.key} says")
              for n in again]  # fmt: skip
    used = [n for n in rest if n not in again]
    if judged is not None and judged.annotator_column is not None:
        rows = np.flatnonzero(each.ordinals >= 0)
        if len(np.unique(each.ordinals[rows])) < len(rows):
            named += [TableColumn(name=n, state="ignored",
                                  reason="several people's rows for one cutout")
                      for n in used]  # fmt: skip
            used = []
    if used or judged is None:
        rows = unique_rows(read, used, each.ordinals, each.states)
    else:
        rows = np.flatnonzero(each.ordinals >= 0)
    known = _Later(existing, plans)
    columns, made, reached = plan_columns(
        read, used, rows, each.ordinals, known, params.existing_values, each.states
    )
    plans.update({plan.spec.name: plan for plan in made})
    account.columns = named + columns
    labelled = 0 if judged is None else len(np.unique(each.ordinals[rows]))
    account.cutouts = reached if columns else labelled


class _Later(Existing):
    """What is there once the tables before this one are written."""

    def __init__(self, existing: Existing, plans: dict[str, ColumnPlan]) -> None:
        super().__init__(existing.read, existing.dataset_id, existing.n)
        self._taken, self._plans = existing._taken, plans

    def column(self, name: str) -> KnownColumn | None:
        plan = self._plans.get(name)
        if plan is None:
            return super().column(name)
        words = None if plan.spec.categories is None else list(plan.spec.categories)
        return KnownColumn(plan.values, words, plan.spec.unit, plan.spec.description)


def _names_the_same(read: ReadTable, name: str, key: str | None) -> bool:
    """Whether a column names the cutouts too: `path` beside `name`, in our own exports."""
    if (
        key is None
        or not holds_names(name)
        or not pa.types.is_string(read.table.schema.field(name).type)
    ):
        return False
    mine = read.table[name].to_pylist()
    return len(set(mine)) == len(mine) and len(mine) > 1 and all(
        a is not None and b is not None and (str(a).endswith(str(b)) or str(b).endswith(str(a)))
        for a, b in zip(mine, read.table[key].to_pylist(), strict=True)
    )  # fmt: skip
