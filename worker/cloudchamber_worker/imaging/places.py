"""Where the files of an upload stand."""

from dataclasses import dataclass

from cloudchamber_worker.imaging.archives import Member


@dataclass(frozen=True)
class Place:
    """Where a file stands.

    name : its whole relative path, archives included
    folder : path of the folder it lies in, which is never an archive; '' for none
    depth : how many archives and packed files are around it
    notes : what is to be said about its name
    """

    name: str
    folder: str
    depth: int = 0
    notes: tuple[str, ...] = ()

    def member(self, member: Member, *, prefix: bool) -> "Place":
        """The place of a member of this archive; without `prefix` the archive is no folder."""
        return Place(
            self.inside(member.name, prefix=prefix),
            member.name.rpartition("/")[0] or self.folder,
            self.depth + 1,
            member.notes,
        )

    def inside(self, name: str, *, prefix: bool) -> str:
        """The whole path of what is called so in this archive."""
        return f"{self.name}/{name}" if prefix else name
