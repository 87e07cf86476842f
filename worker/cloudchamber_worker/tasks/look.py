"""See what an import would make of the files; nothing is stored but the look."""

from sqlalchemy.orm import Session

from cloudchamber.data import label_sets
from cloudchamber.data.accounts import Table, counted, table_sentences
from cloudchamber.data.job_requests import LookAtFiles
from cloudchamber.data.known_cutouts import hashes_by_path
from cloudchamber.data.label_sets import normal_name
from cloudchamber.data.looks import (
    FolderClass,
    Look,
    LookFile,
    LookPreview,
    LookTable,
    SetChoice,
)
from cloudchamber.data.names import Names, common_name
from cloudchamber.data.retired import live_paths
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.arrivals import Arrivals
from cloudchamber_worker.steps.joining import Tables
from cloudchamber_worker.steps.look_pictures import crops_pack, exposure_pack
from cloudchamber_worker.steps.source import Source, read_masters, with_hot_pixels
from cloudchamber_worker.steps.survey import Survey

QUEUE = "cpu"


def run(job: JobContext) -> None:
    """Decode → tell apart → plan the tables against what would come in → publish."""
    params = LookAtFiles.model_validate(job.params)
    tables = Tables(job, params)
    with job.read() as session:
        arrivals = Arrivals({} if job.into is None else hashes_by_path(session, job.into))
    survey = Survey(params, tables, arrivals)

    def beat() -> None:
        job.progress(0.95 * source.part, "looking", files=survey.n_files)

    source = Source(job, params, beat)
    masters = read_masters(
        source, lambda file, kind, ref: survey.take_master(source, file, kind, ref)
    )
    if params.mask_hot:
        masters = with_hot_pixels(source, masters)
    for ref in source.refs("data", "labels", "metadata"):
        for file in source.decode(ref):
            survey.take(file, ref, masters)
            beat()
    survey.finish()
    with job.read() as session:
        known = [] if job.into is None else live_paths(session, job.into)
        sets = _sets(session, survey)
    accounts = tables.preview(Names([*known, *arrivals.new]))
    files = [*survey.files(), *_set_aside(source)]
    look = Look(
        suggested_name=common_name([f.name for f in files if f.n_crops or f.n_exposures]),
        complete=_is_complete(files, accounts),
        n_files=sum(file.n for file in files),
        files=files,
        tables=_tables(accounts, tables),
        classes=_classes(survey),
        n_without_folder=survey.folders[""],
        label_sets=sets,
        exposure=None if survey.shown is None else survey.shown.about,
        n_crops_shown=len(survey.crops),
        sentences=_sentences(survey),
    )
    with job.publish(look.model_dump(mode="json")) as session:
        session.add(
            LookPreview(
                job_id=job.id,
                exposure=None if survey.shown is None else exposure_pack(survey.shown),
                crops=crops_pack(survey.crops) if survey.crops else None,
            )
        )


def _classes(survey: Survey) -> list[FolderClass]:
    """The folders as classes; one folder alone tells nothing apart."""
    found = [FolderClass(name=name, n=n) for name, n in survey.folders.most_common() if name]
    return found if len(found) > 1 else []


def _is_complete(files: list[LookFile], tables: list[Table]) -> bool:
    open_states = ("refused", "needs_answer")
    return not (
        any(file.state in open_states for file in files)
        or any(
            table.state in open_states
            or table.rows.refused
            or table.rows.needs_answer
            or any(column.state in open_states for column in table.columns)
            for table in tables
        )
    )


def _set_aside(source: Source) -> list[LookFile]:
    return [
        LookFile(name=name, upload_ids=[ref.id], role="ignore", state="ignored",
                 reason="set aside by you")
        for ref, name in zip(source.refs("ignore"), source.names("ignore"), strict=True)
    ]  # fmt: skip


def _tables(accounts: list[Table], tables: Tables) -> list[LookTable]:
    """The accounts with the files they are of; class folders come last and are of none."""
    owners = [*tables.owners, *[""] * (len(accounts) - len(tables.owners))]
    return [
        LookTable(
            **account.model_dump(),
            file=file,
            all_columns=[column.name for column in account.columns],
            sentences=table_sentences(account, file or "class folders"),
        )
        for account, file in zip(accounts, owners, strict=True)
    ]


def _sets(session: Session, survey: Survey) -> list[SetChoice]:
    """Every label set, those first that know most of the classes the folders offer."""
    wanted = {normal_name(name) for name in survey.folders if name}
    choices = []
    for one in label_sets.list_label_sets(session):
        has = {normal_name(c.name) for c in one.classes}
        choices.append(SetChoice(id=one.id, name=one.name, matches=len(wanted & has)))
    return sorted(choices, key=lambda choice: -choice.matches)


def _sentences(survey: Survey) -> list[str]:
    """How many cutouts would come in, and from what."""
    sentences = survey.arrivals.sentences(survey.n_files)
    if survey.n_exposures:
        sentences.append(counted(survey.n_exposures, "exposure"))
    if survey.uncut:
        sentences.append(
            f"{survey.uncut} of the exposures are not cut in this look: more cutouts will come in, "
            "and rows of tables that name them count as unmatched here"
        )
    return sentences
