"""Cutouts that would come in, told from those that are there; nothing is stored."""

from collections.abc import Mapping

import numpy as np

from cloudchamber.data.accounts import counted
from cloudchamber.data.cutouts import content_hash
from cloudchamber.data.known_cutouts import kept_as


class Arrivals:
    """Counts cutouts as an import would.

    new : paths that would come in, in order
    known : how many are there already, with the same path and the same pixels
    renamed : how many of `new` got another path because theirs is of other pixels
    copies : how many of `new` have the pixels of a cutout with another path
    """

    def __init__(self, there: Mapping[str, bytes]) -> None:
        self._hashes = dict(there)
        self._contents = set(self._hashes.values())
        self.new: list[str] = []
        self.known = self.renamed = self.copies = 0

    def add(self, given: str, pixels: np.ndarray) -> None:
        """Count the cutout of `pixels` that was given under this path."""
        digest = content_hash(pixels)
        path = kept_as(self._hashes, given, digest)
        if path in self._hashes:
            self.known += 1
            return
        self.renamed += path != given
        self.copies += digest in self._contents
        self._hashes[path] = digest
        self._contents.add(digest)
        self.new.append(path)

    def sentences(self, n_files: int) -> list[str]:
        """How many would come in from how many files, and what of them is no news."""
        told = [f"{counted(len(self.new), 'new cutout')} from {counted(n_files, 'file')}"]
        if self.copies:
            some = counted(self.copies, "of them has", "of them have")
            told.append(f"{some} the pixels of a cutout with another path: duplicates, kept and "
                        "marked")  # fmt: skip
        if self.renamed:
            some = counted(self.renamed, "of them has", "of them have")
            told.append(f"{some} the path of a cutout with other pixels: kept under a path with a "
                        "number")  # fmt: skip
        if self.known:
            some = counted(self.known, "cutout is", "cutouts are")
            told.append(f"{some} there already, with the same path and pixels")
        return told
