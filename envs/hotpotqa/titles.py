"""Find a page by its title: by the form in which case, underscores and white space do not count."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forethought.envs.hotpotqa.pages import unescaped
from forethought.envs.ranking.postings import term_hash
from forethought.envs.worlds.blobs import mapped

Hashes = NDArray[np.uint64]
Rows = NDArray[np.uint32]
HASH: np.dtype[np.uint64] = np.dtype("<u8")
ROW: np.dtype[np.uint32] = np.dtype("<u4")
LONGEST = 10_000  # characters that are brought into one form


def spaced(title: str) -> str:
    """A title without entities and underscores, in NFC, with single spaces."""
    return " ".join(composed(unescaped(title)).replace("_", " ").split())


def composed(text: str) -> str:
    """In NFC; one too long for any title stays as it is, for a run of marks costs the square of its length."""
    return unicodedata.normalize("NFC", text) if len(text) <= LONGEST else text


def normal(title: str) -> str:
    """The form under which titles are found: "X&amp;Y" (so the data spell it), "x&y" and "X&Y" have the same."""
    return composed(spaced(title).casefold())


def spelled(title: str) -> str:
    """The form that tells "Iron Man" from "Iron man": as in Wikipedia, the case of the first letter does not count."""
    form = spaced(title)
    return form[:1].upper() + form[1:]


def title_hashes(titles: Iterable[str]) -> Hashes:
    """64 bits each of the normal form and of the spelled one, the same in every process: [titles, 2]."""
    forms = ((normal(title), spelled(title)) for title in titles)
    return np.fromiter(map(term_hash, chain.from_iterable(forms)), HASH).reshape(-1, 2)


class TitleTable:
    """The rows of all titles by hash; rows of one hash in their own order."""

    def __init__(self, hashes: Hashes, rows: Rows) -> None:
        self.hashes, self.rows = hashes, rows

    @classmethod
    def open(cls, folder: Path) -> TitleTable:
        """The table of a world folder."""
        return cls(mapped(folder / "title_hashes.raw", HASH), mapped(folder / "title_rows.raw", ROW))

    @classmethod
    def of(cls, hashes: Hashes) -> TitleTable:
        """The table of the titles, from their hashes by row."""
        order = np.argsort(hashes, kind="stable").astype(ROW)
        return cls(hashes[order], order)

    def write(self, folder: Path) -> None:
        """Write the table into a world folder."""
        self.hashes.astype(HASH).tofile(folder / "title_hashes.raw")
        self.rows.tofile(folder / "title_rows.raw")

    def find(self, title: str, title_of: Callable[[int], str], among: Collection[int] | None = None) -> int | None:
        """The row of a title; of several with one normal form, the one that is spelled most like it, then the first.

        With `among` only these rows count.
        """
        form = normal(title)
        rows = (row for row in self.candidates(form) if among is None or row in among)
        same = [row for row in rows if normal(title_of(row)) == form]
        if len(same) > 1:
            exact = spelled(title)
            same.sort(key=lambda row: (title_of(row) != title, spelled(title_of(row)) != exact))
        return same[0] if same else None

    def candidates(self, form: str) -> Iterator[int]:
        """Rows with a title of this hash: those of the same normal form, and by a rare chance another."""
        wanted = np.uint64(term_hash(form))
        place = int(np.searchsorted(self.hashes, wanted))
        while place < len(self.hashes) and self.hashes[place] == wanted:
            yield int(self.rows[place])
            place += 1

    def resolve(self, wanted: Hashes) -> NDArray[np.int64]:
        """The first row of each hash, -1 where there is none."""
        if not len(self.hashes):
            return np.full(len(wanted), -1)
        places = np.searchsorted(self.hashes, wanted)
        places[places == len(self.hashes)] = 0
        return np.where(self.hashes[places] == wanted, self.rows[places].astype(np.int64), -1)


def title_ranks(titles: Sequence[str]) -> Rows:
    """Each title's place in the order of titles, which breaks ties between equal scores."""
    ranks = np.empty(len(titles), ROW)
    ranks[sorted(range(len(titles)), key=titles.__getitem__)] = np.arange(len(titles), dtype=ROW)
    return ranks
