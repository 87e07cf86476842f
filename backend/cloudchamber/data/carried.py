"""What a new detection of an exposure made of the cutouts that were there, and in words."""

from pydantic import BaseModel, Field

from cloudchamber.data.accounts import counted

MAX_LOST = 200


class LostLabel(BaseModel):
    """A cutout that is gone although somebody had labelled it or written a note."""

    name: str
    label: str
    note: bool = False
    why: str
    same: bool = False
    """Whether the cutout that took its footprint has the same label."""


class Carried(BaseModel):
    """kept : cutouts that are found again, `changed` of them with other pixels or another outline
    returned : cutouts of an earlier detection that the last one did not have
    added : new cutouts, `split` of them parts of one that was there
    gone : retired cutouts, `merged` of them because another has their footprint now
    labels_kept, labels_lost : cutouts with a label or a note among those kept or returned, and gone
    lost : at most MAX_LOST of these
    """

    footprints: int = 0
    kept: int = 0
    changed: int = 0
    returned: int = 0
    added: int = 0
    split: int = 0
    gone: int = 0
    merged: int = 0
    labels_kept: int = 0
    labels_lost: int = 0
    lost: list[LostLabel] = Field(default_factory=list)

    def words(self) -> str:
        """One sentence."""
        gone = f"{self.gone} gone"
        if self.gone:
            gone += f", of which {self.labels_lost} labelled"
        labels = f"{counted(self.labels_kept, 'label')} carried over"
        told = f"{counted(self.footprints, 'footprint')}: "
        told += "1 keeps its cutout, " if self.kept == 1 else f"{self.kept} keep their cutouts, "
        back = ""
        if self.returned:
            back = f"{self.returned} {'comes' if self.returned == 1 else 'come'} back, "
        return f"{told}{back}{self.added} new, {gone}; {labels}"


def add_up(reports: list[Carried]) -> Carried:
    """The sum over several exposures."""
    numbers = [name for name, field in Carried.model_fields.items() if field.annotation is int]
    total = {name: sum(getattr(report, name) for report in reports) for name in numbers}
    return Carried(**total, lost=[lost for report in reports for lost in report.lost][:MAX_LOST])
