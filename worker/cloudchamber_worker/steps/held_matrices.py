"""Text matrices that wait until their folder has shown whether it is one of images."""

from dataclasses import dataclass, field

from cloudchamber_worker.imaging.matrices import TextFolders
from cloudchamber_worker.imaging.sandbox import DecodedFile, Item
from cloudchamber_worker.steps.report_lines import Line


@dataclass
class Held:
    """A file whose images wait, with the line it will have in the account."""

    file: DecodedFile
    line: Line
    items: list[Item] = field(default_factory=list)


class HeldMatrices:
    """Files of matrices in the order they came; `TextFolders` decides folder by folder."""

    def __init__(self) -> None:
        self._folders = TextFolders()
        self._held: list[Held] = []

    @staticmethod
    def asks(file: DecodedFile, item: Item) -> bool:
        """Whether an item is a matrix about which the decoder has a question."""
        return bool(item.about.get("text_matrix")) and file.question is not None

    def hold(self, held: Held) -> list[Held]:
        """Keep a file; returns those that are images as now known, their questions answered."""
        for item in held.items:
            assert item.pixels is not None
            self._folders.add(held.file.name, item.pixels.shape)
        self._held.append(held)
        if not self._folders.are_images(held.file.name):
            return []
        free = [one for one in self._held if self._folders.are_images(one.file.name)]
        self._held = [one for one in self._held if one not in free]
        for one in free:
            one.file.question = None
            one.line.account.why = "a matrix of numbers among others in its folder"
        return free

    def rest(self) -> list[Held]:
        """Those that remain a question."""
        rest, self._held = self._held, []
        return rest
