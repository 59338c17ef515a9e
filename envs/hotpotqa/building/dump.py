"""Wikipedia of October 2017 as HotpotQA has it: an archive of packed members, each of pages as JSON lines.

Source: https://hotpotqa.github.io/wiki-readme.html (CC BY-SA 4.0). The intros are 5,233,329 pages in 15,517 members.
The archive is read from front to back, one member at a time, and nothing of it is written to disk.
"""

from __future__ import annotations

import bz2
import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType

from forethought.envs.downloads.json_stream import LONGEST, Damaged
from forethought.envs.downloads.tar_stream import LARGEST, Tape
from forethought.envs.family import Json, shorten
from forethought.envs.hotpotqa.pages import BadRecord, Page, unlinked
from forethought.envs.hotpotqa.questions import clean, text

PLACE = "https://hotpotqa.github.io/wiki-readme.html"
encode = json.JSONEncoder(ensure_ascii=False).encode


def members(path: Path) -> Iterator[tuple[str, bytes]]:
    """The name and the bytes of each regular file in a .tar, .tar.gz or .tar.bz2, in order; other kinds are left out.

    Raises Damaged: no such file, no archive or one without members, one that is cut or corrupt, a member above LARGEST.
    """
    try:
        raw = path.open("rb")
    except OSError as error:
        reason = f"{path} cannot be read ({error.strerror}); expected the archive of pages, get it from {PLACE}"
        raise Damaged(reason) from error
    with raw:
        tape = Tape(path.name, raw)
        yield from tape.files()
        if not tape.last:
            raise tape.damaged("it has no members; expected bz2 files of JSON lines")


def read_member(archive: str, member: tuple[str, bytes]) -> list[Page]:
    """The pages of one member, a line each, packed or plain; `archive` is the name told in errors.

    Raises BadRecord: data that does not unpack, a line that is no page; it names the archive, the member and the line.
    """
    name, data = member
    place = f"{archive}, {name}"
    pages = []
    try:
        if name.endswith(".bz2") or data.startswith(b"BZh"):
            data = unpacked(data)
        for number, line in enumerate(io.BytesIO(data), 1):
            if not line.isspace():
                place = f"{archive}, {name}, line {number}"
                pages.append(read_page(line))
    except BadRecord as error:
        raise BadRecord(f"{place}: {error}") from None
    return pages


def unpacked(data: bytes) -> bytes:
    """The bytes behind one or more bz2 streams. Raises BadRecord: cut, corrupt, or more than LARGEST bytes."""
    pieces: list[bytes] = []
    room = LARGEST
    while data or not pieces:
        stream = bz2.BZ2Decompressor()
        try:
            pieces.append(stream.decompress(data, room + 1))
        except OSError as error:
            raise BadRecord(f"it is no proper bz2 file ({error}); the archive is damaged, get it again") from None
        room -= len(pieces[-1])
        if room < 0:
            raise BadRecord(f"it unpacks to more than {LARGEST} bytes; expected fewer in a member")
        if not stream.eof:
            raise BadRecord("its bz2 data ends too early; the archive is damaged, get it again")
        data = stream.unused_data
    return b"".join(pieces)


def read_page(line: bytes) -> Page:
    """Raises BadRecord: no JSON, or no page in it."""
    try:
        record = value(line)
        if not isinstance(record, dict):
            raise BadRecord(f"it is {shorten(str(record))}; expected an object with a title and a text")
        return page(record)
    except RecursionError:
        raise BadRecord("it is nested too deeply") from None


def value(line: bytes) -> Json:
    """The JSON object of a line. Raises BadRecord: too long, or no object."""
    if len(line) > LONGEST:
        raise BadRecord(f"it has {len(line)} bytes; expected {LONGEST} at most")
    try:
        found: Json = json.loads(line.decode())
    except UnicodeDecodeError as error:
        raise BadRecord(f"it is no UTF-8 text ({error.reason})") from None
    except json.JSONDecodeError as error:
        raise BadRecord(f"{error.msg} at character {error.pos}; expected a page as JSON") from None
    except ValueError as error:  # Python reads no integer of thousands of digits
        raise BadRecord(str(error)) from None
    return found


def page(record: dict[str, Json]) -> Page:
    """Plain sentences are those of `text`, links those of `text_with_links`; without that, `text` has both in one.

    Links are as the text spells them, in its order, each once; the page's own title is left out.
    """
    title = text(record, "title")
    if not title.strip():
        raise BadRecord("its title is empty")
    plain = paragraphs(record, "text", title)
    if "text_with_links" in record:
        marked = paragraphs(record, "text_with_links", title)
    else:
        marked = plain
        plain = tuple(tuple(unlinked(sentence)[0] for sentence in paragraph) for paragraph in marked)
    links = dict.fromkeys(link for paragraph in marked for sentence in paragraph for link in unlinked(sentence)[1])
    return Page(title, plain, tuple(link for link in links if link.strip() and link != title))


def paragraphs(record: dict[str, Json], name: str, title: str) -> tuple[tuple[str, ...], ...]:
    """One, of a list of sentences; of a list of such lists, as in whole articles, all but the title at its head."""
    found = record.get(name)
    if isinstance(found, list) and found and all(isinstance(part, list) for part in found):
        told = [sentences(part, name) for part in found]
        return tuple(told[1:] if "".join(told[0]).strip() == title.strip() else told)
    only = sentences(found, name)
    return (only,) if only else ()


def sentences(found: Json, name: str) -> tuple[str, ...]:
    """A list of sentences. Raises BadRecord: anything else."""
    if not isinstance(found, list) or not all(isinstance(sentence, str) for sentence in found):
        raise BadRecord(f"its {name} is {shorten(str(found))}; expected a list of sentences, or of lists of them")
    return tuple(clean(str(sentence)) for sentence in found)


def packed(first_id: int, articles: Iterable[tuple[str, Sequence[str]]]) -> bytes:
    """A member as bz2: a page each of a title and its sentences, with links in them; ids count from the first.

    The lines are those of the official intros without `charoffset` and `charoffset_with_links`, which tell where its
    tokens lie and which nothing here reads. Raises BadRecord: half of a surrogate pair.
    """
    lines = []
    for number, (title, marked) in enumerate(articles, first_id):
        record = {
            "id": str(number),
            "url": f"https://example.org/wiki?curid={number}",
            "title": title,
            "text": [unlinked(sentence)[0] for sentence in marked],
            "text_with_links": list(marked),
        }
        lines.append(encode(record))
    return bz2.compress(clean("\n".join([*lines, ""])).encode())


class DumpWriter:
    """Writes an archive of members as .tar.bz2: the same members, the same bytes.

    It lies under its name only when all went well; until then that ends in ".part".
    """

    def __init__(self, path: Path) -> None:
        self.path, self.part = path, path.with_name(path.name + ".part")
        self.packed = bz2.BZ2File(self.part, "wb", compresslevel=1)  # the members are packed already
        self.tar = tarfile.TarFile(fileobj=self.packed, mode="w", encoding="utf-8")

    def add(self, name: str, data: bytes) -> None:
        """`name` is that of a file in its folder, such as "AA/wiki_00.bz2"."""
        header = tarfile.TarInfo(name)  # of nobody, and of 1970
        header.size = len(data)
        self.tar.addfile(header, io.BytesIO(data))

    def __enter__(self) -> DumpWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.tar.close()
        self.packed.close()
        if kind is None:
            self.part.replace(self.path)
        else:
            self.part.unlink()
