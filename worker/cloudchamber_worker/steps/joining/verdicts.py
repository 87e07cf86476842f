"""State and sentence of a table and of its file, once every row and column is accounted for."""

from cloudchamber.data.accounts import State, Table
from cloudchamber_worker.steps.joining.brought import Keyed
from cloudchamber_worker.steps.joining.classes import ClassPlan
from cloudchamber_worker.steps.joining.states import RowStates
from cloudchamber_worker.steps.questions import questions_of_table


def close(each: Keyed, classes: ClassPlan) -> None:
    """Counts, state and sentence of a table whose rows and columns are all accounted for."""
    account, judged = each.account, each.judged
    counts = account.labels
    if judged is not None and counts is not None:
        account.notes += judged.notes + classes.notes
        refused = len(each.read.refused_rows)
        if each.brought.use == "labels":
            counts.given += refused
            counts.refused += refused
    settle(account, each.states)
    if account.state == "joined" and account.columns:
        refused_columns = [c for c in account.columns if c.state == "refused"]
        if refused_columns:
            told = "; ".join(f"{c.name} {c.reason}" for c in refused_columns[:3])
            account.reason = "; ".join(t for t in (account.reason, told) if t)


def settle(account: Table, states: RowStates) -> None:
    """Counts, questions, state and sentence of a table by its rows, labels and columns."""
    account.rows = states.rows()
    account.questions = questions_of_table(account)
    refused = states.sentences("refused")
    if account.questions:
        account.state = "needs_answer"
        account.reason = "; ".join([*(asked.text for asked in account.questions), *refused])
    elif account.rows.joined or not account.rows.refused:
        account.state = "joined"
        account.reason = "; ".join(refused)
    else:
        account.state = "refused"
        account.reason = "; ".join(refused)
    if account.state == "refused" and account.rows.ignored:
        account.state = "joined"


def of_file(accounts: list[Table]) -> tuple[State, str]:
    """State and reason of a file by its tables: joined where any is, unless something is asked."""
    states = {table.state for table in accounts}
    several = len(accounts) > 1
    told = [f"{t.title}: {t.reason}" if several and t.title else t.reason
            for t in accounts if t.reason]  # fmt: skip
    reason = "; ".join(told)
    if "needs_answer" in states:
        return "needs_answer", reason
    if "joined" in states:
        return "joined", reason
    return "refused", reason
