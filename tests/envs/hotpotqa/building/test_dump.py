"""The 2017 dump: what is written comes back, both shapes are read, and every damage is told with its place."""

from __future__ import annotations

import bz2
import functools
import gzip
import io
import json
import tarfile
import tempfile
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.common.parallel import in_order
from forethought.envs.downloads import tar_stream
from forethought.envs.downloads.json_stream import Damaged
from forethought.envs.hotpotqa.building import dump
from forethought.envs.hotpotqa.building.dump import DumpWriter, members, packed, read_member
from forethought.envs.hotpotqa.pages import BadRecord, Page

ANARCHISM = (
    "Anarchism",
    [
        'It is a <a href="political%20philosophy">political philosophy</a> (<a href="Anarchism">own</a>).',
        ' See <a href="AT%26amp%3BT">AT</a>, <a href="political%20philosophy">it</a> – and <a href="%C3%89ire">É</a>.',
    ],
)
PLAIN = ("It is a political philosophy (own).", " See AT, it – and É.")
LINKS = ("political philosophy", "AT&T", "Éire")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ARTICLES = st.lists(st.tuples(TEXTS.filter(str.strip), st.lists(TEXTS, max_size=3)), max_size=4)


def page(name="a", **fields):
    """The pages of a plain member with one line."""
    return read_member("wiki.tar", (name, (json.dumps({"id": 12, **fields}) + "\n").encode()))[0]


def pages(path):
    return [page for member in members(path) for page in read_member(path.name, member)]


def archive(path, entries, mode="w:bz2", **options):
    """What tarfile writes: entries are headers, or names, with data."""
    with tarfile.open(path, mode, **options) as tar:
        for header, data in entries:
            if isinstance(header, str):
                header = tarfile.TarInfo(header)
            header.size = len(data)
            tar.addfile(header, io.BytesIO(data))
    return path


@pytest.fixture
def dumped(tmp_path):
    """An archive of three members with 90 pages."""
    path = tmp_path / "wiki.tar.bz2"
    with DumpWriter(path) as writer:
        for number, name in enumerate(("AA/wiki_00.bz2", "AA/wiki_01.bz2", "AB/wiki_00.bz2")):
            articles = [(f"Page {number} {i}", ["One.", f' <a href="{i}">Two</a>.']) for i in range(30)]
            writer.add(name, packed(number * 30, articles))
    return path


# --- what is written comes back


def test_a_page_comes_back(tmp_path):
    with DumpWriter(tmp_path / "wiki.tar.bz2") as writer:
        writer.add("AA/wiki_00.bz2", packed(12, [ANARCHISM, ("Empty", [])]))
    assert [name for name, _ in members(tmp_path / "wiki.tar.bz2")] == ["AA/wiki_00.bz2"]
    assert pages(tmp_path / "wiki.tar.bz2") == [Page("Anarchism", (PLAIN,), LINKS), Page("Empty", (), ())]
    assert [path.name for path in tmp_path.iterdir()] == ["wiki.tar.bz2"]


def test_a_line_is_that_of_the_official_file():
    assert [json.loads(line) for line in bz2.decompress(packed(12, [ANARCHISM])).splitlines()] == [
        {
            "id": "12",
            "url": "https://example.org/wiki?curid=12",
            "title": "Anarchism",
            "text": list(PLAIN),
            "text_with_links": ANARCHISM[1],
        }
    ]


@settings(max_examples=50)
@given(st.lists(ARTICLES, min_size=1, max_size=3))
def test_any_text_comes_back(groups):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wiki.tar.bz2"
        with DumpWriter(path) as writer:
            for number, articles in enumerate(groups):
                writer.add(f"AA/wiki_{number:02}.bz2", packed(number * 100, articles))
        expected = [Page(title, (tuple(text),) if text else (), ()) for articles in groups for title, text in articles]
        assert pages(path) == expected


def test_the_same_members_are_the_same_bytes_and_in_workers_the_same_pages(dumped, tmp_path):
    with DumpWriter(tmp_path / "again") as writer:
        for name, data in members(dumped):
            writer.add(name, data)
    assert (tmp_path / "again").read_bytes() == dumped.read_bytes()
    with in_order(functools.partial(read_member, dumped.name), members(dumped), 2) as read:
        assert [page for found in read for page in found] == pages(dumped)


def test_an_archive_that_was_not_finished_is_not_there(tmp_path):
    with pytest.raises(TypeError), DumpWriter(tmp_path / "wiki.tar.bz2") as writer:
        writer.add("AA/wiki_00.bz2", None)
    assert list(tmp_path.iterdir()) == []


def test_half_a_surrogate_pair_is_not_written():
    with pytest.raises(BadRecord, match="surrogates not allowed"):
        packed(0, [("\ud800", [])])


# --- the shapes of a page


def test_sentences_are_those_of_the_text_and_links_those_of_the_marked_one():
    assert page(title="T", text=["As <a href='x'>is</a>."], text_with_links=['<a href="b">1</a><a href="a">2</a>']) == (
        Page("T", (("As <a href='x'>is</a>.",),), ("b", "a"))
    )
    assert page(title="T", text=list(ANARCHISM[1])) == Page(
        "T", (PLAIN,), ("political philosophy", "Anarchism", *LINKS[1:])
    )
    assert page(title="T", text=["No links."]).links == ()
    assert page(title="T", text=["T"], text_with_links=['<a href="">x</a><a href="t">y</a>']).links == ("t",)


def test_the_title_of_a_whole_article_is_no_paragraph():
    whole = [["Anarchism"], ANARCHISM[1], [], ["Anarchism"]]
    assert page(title="Anarchism", text=whole) == Page("Anarchism", (PLAIN, (), ("Anarchism",)), LINKS)
    assert page(title="Other", text=[["One."], ["Two.", " Three."]]).paragraphs == (("One.",), ("Two.", " Three."))
    assert page(title="One", text=["One"]).paragraphs == (("One",),)  # an intro is not taken for a title


def test_plain_members_blank_lines_and_line_ends():
    lines = b'\n{"title": "A", "text": []}\r\n  \n{"text": [" b"], "id": "7", "title": "B", "new": NaN}'
    assert read_member("x", ("a.json", lines)) == [Page("A", (), ()), Page("B", ((" b",),), ())]
    assert read_member("x", ("a.bz2", bz2.compress(lines[:29]) + bz2.compress(lines[29:]))) == read_member(
        "x", ("a", lines)
    )
    assert read_member("x", ("no suffix", bz2.compress(lines))) == read_member("x", ("a", lines))
    assert read_member("x", ("a", b"")) == []


# --- what is no page


GOOD = b'{"title": "A", "text": ["b"]}'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"title": "A"', "Expecting ',' delimiter at character 14; expected a page as JSON"),
        (
            b"\xef\xbb\xbf" + GOOD,
            "Unexpected UTF-8 BOM (decode using utf-8-sig) at character 0; expected a page as JSON",
        ),
        (GOOD + GOOD, "Extra data at character 29; expected a page as JSON"),
        (b'{"title": "\xff"}', "it is no UTF-8 text (invalid start byte)"),
        (b"[1]", "it is '[1]'; expected an object with a title and a text"),
        (b'{"text": []}', "it has no title"),
        (b'{"title": 7, "text": []}', "its title is '7'; expected a text"),
        (b'{"title": " ", "text": []}', "its title is empty"),
        (b'{"title": "\\ud800", "text": []}', "'\\ud800' is no Unicode text: surrogates not allowed"),
        (b'{"title": "A"}', "its text is 'None'; expected a list of sentences, or of lists of them"),
        (b'{"title": "A", "text": "b"}', "its text is 'b'; expected a list of sentences, or of lists of them"),
        (b'{"title": "A", "text": ["b", 1]}', "its text is \"['b', 1]\"; expected a list of sentences"),
        (b'{"title": "A", "text": [["b"], "c"]}', "its text is \"[['b'], 'c']\"; expected a list of sentences"),
        (b'{"title": "A", "text": [["b"], [["c"]]]}', "its text is \"[['c']]\"; expected a list of sentences"),
        (b'{"title": "A", "text": {}}', "its text is '{}'; expected a list of sentences"),
        (b'{"title": "A", "text": ["b\\udfff"]}', "'b\\udfff' is no Unicode text: surrogates not allowed"),
        (b'{"title": "A", "text": [], "text_with_links": null}', "its text_with_links is 'None'; expected a list of"),
        (b'{"title": "A", "text": [], "id": ' + b"[" * 100_000, "it is nested too deeply"),
        (b'{"title": "A", "text": ' + b"[" * 900 + b"]" * 900 + b"}", "its text is "),
        (b'{"title": "A", "text": [], "id": ' + b"9" * 5000 + b"}", "Exceeds the limit"),
    ],
)
def test_a_line_that_is_no_page_is_told_with_its_place(line, reason):
    data = GOOD + b"\n\n" + line + b"\n" + GOOD
    for name, member in (("AA/wiki_00", data), ("AA/wiki_00.bz2", bz2.compress(data))):
        with pytest.raises(BadRecord) as caught:
            read_member("wiki.tar.bz2", (name, member))
        assert str(caught.value).startswith(f"wiki.tar.bz2, {name}, line 3: ")
        assert reason in str(caught.value)


def test_a_member_that_does_not_unpack():
    data = packed(0, [ANARCHISM] * 20)
    for end in range(len(data)):
        with pytest.raises(BadRecord, match=r"^x, a\.bz2: its bz2 data ends too early"):
            read_member("x", ("a.bz2", data[:end]))
    flipped = [data[:i] + bytes([data[i] ^ 0x41]) + data[i + 1 :] for i in range(len(data) - 1)]
    for wrong in (GOOD, data + b"\0", data + GOOD, *flipped):
        with pytest.raises(BadRecord, match=r"^x, a\.bz2: "):
            read_member("x", ("a.bz2", wrong))


def test_a_member_is_not_unpacked_without_end(monkeypatch):
    data = bz2.compress(GOOD + bytes(10_000_000))
    assert len(data) < 200
    monkeypatch.setattr(dump, "LARGEST", 1_000_000)
    with pytest.raises(BadRecord, match=r"^x, a: it unpacks to more than 1000000 bytes"):
        read_member("x", ("a", data))
    with pytest.raises(BadRecord, match=r"^x, a: it unpacks to more than"):
        read_member("x", ("a", bz2.compress(b"\n" * 600_000) * 2))
    assert len(read_member("x", ("a", bz2.compress(b"\n" * (1_000_000 - len(GOOD)) + GOOD)))) == 1
    monkeypatch.setattr(dump, "LONGEST", 20)
    with pytest.raises(BadRecord, match="line 1: it has 29 bytes; expected 20 at most"):
        read_member("x", ("a", GOOD))


# --- archives


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2"])
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_packing_and_form_of_tar_is_read(tmp_path, mode, form):
    names = ["AA/wiki_00", "x" * 90 + "/" + "y" * 90, "AA/é"]
    if form != tarfile.USTAR_FORMAT:
        names += ["long/" * 60 + "wiki_00.bz2"]
    entries = [(name, b"x" * size) for name, size in zip(names, (0, 512, 513, 7), strict=False)]
    options = {"pax_headers": {"comment": "all = of it"}} if form == tarfile.PAX_FORMAT else {}
    path = archive(tmp_path / "any.name", entries, mode, format=form, encoding="utf-8", **options)
    assert list(members(path)) == entries


def test_folders_links_devices_and_strange_names_are_harmless(tmp_path):
    target = "../" * 40 + "etc/passwd"
    entries, expected = [], []
    for number, kind in enumerate(sorted(tar_stream.WITHOUT_DATA)):
        header = tarfile.TarInfo(f"kind {number}")
        header.type, header.linkname = kind, target if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
        name = ("../../outside", "/outside", "AA/\udcff", "AA/a\nb", "-", "last")[number]
        entries += [(header, b""), (name, bytes([number]))]
        expected.append((name.replace("\udcff", "\\xff"), bytes([number])))  # half a pair cannot be printed
    (tmp_path / "inside").mkdir()
    path = archive(tmp_path / "inside" / "wiki.tar", entries, "w", format=tarfile.GNU_FORMAT, errors="surrogateescape")
    assert list(members(path)) == expected
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "inside", path]


def test_what_tar_says_of_other_kinds_is_passed_over(tmp_path):
    label = tarfile.TarInfo("label")
    label.type = b"V"
    path = archive(tmp_path / "a.tar", [(label, b"x" * 700), ("a", b"1")], "w")
    assert list(members(path)) == [("a", b"1")]


def test_the_first_member_comes_before_the_rest_is_read(tmp_path):
    path = archive(tmp_path / "a.tar", [("a", b"1"), ("b", bytes(3_000_000)), ("c", b"3")], "w")
    path.write_bytes(path.read_bytes()[:2_000_000])
    found = members(path)
    assert next(found) == ("a", b"1")
    with pytest.raises(Damaged, match=r"^a\.tar, after a: it ends too early; the file is damaged, get it again$"):
        next(found)


def test_one_member_is_held_at_a_time(tmp_path):
    path = archive(tmp_path / "a.tar.bz2", [(f"AA/{number}", bytes(2_000_000)) for number in range(20)])
    tracemalloc.start()
    try:
        assert sum(len(data) for _, data in members(path)) == 40_000_000
        assert tracemalloc.get_traced_memory()[1] < 9_000_000  # bytes
    finally:
        tracemalloc.stop()


# --- archives that are damaged


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, functools.partial(bz2.compress, compresslevel=1)])
def test_an_archive_cut_anywhere_is_damaged(dumped, pack):
    plain = bz2.decompress(dumped.read_bytes())
    content = len(plain.rstrip(b"\0")) // 512 * 512 + 512
    whole, everything = pack(plain), pages(dumped)
    for end in {
        *range(0, len(whole), len(whole) // 60),
        *range(0, len(whole), 512),
        *range(len(whole) - 20, len(whole)),
    }:
        dumped.write_bytes(whole[:end])
        if whole == plain and end >= content + 512:
            assert pages(dumped) == everything  # only zeros behind the end are missing
            continue
        with pytest.raises(Damaged, match=r"^wiki\.tar\.bz2(, after A[AB]/wiki_0[01]\.bz2)?: .+; the file is damaged"):
            pages(dumped)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_an_archive_with_a_wrong_byte_is_damaged(dumped, pack):
    whole, everything = pack(bz2.decompress(dumped.read_bytes())), pages(dumped)
    for place in range(0, len(whole), len(whole) // 97):
        dumped.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        assert what_is_found(dumped) in (everything, "damage")  # bytes of no effect: padding, or the time in a gz


def what_is_found(path):
    try:
        return pages(path)
    except (Damaged, BadRecord) as error:
        return "damage" if str(error).startswith(path.name) else str(error)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda whole: b"", ": it ends too early"),
        (lambda whole: bytes(10_240), ": it has no members; expected bz2 files of JSON lines"),
        (lambda whole: GOOD * 100, ": no header of a tar file where one should be (invalid header); expected .tar, "),
        (lambda whole: whole + whole, ", after b: it goes on after its end"),
        (
            lambda whole: whole[:1024] + b"?" + whole[1025:],
            ", after a: no header of a tar file where one should be (bad",
        ),
        (lambda whole: whole[:1024] + whole[1024:].rstrip(b"\0") + bytes(512 - 2), ", after b: it ends too early"),
    ],
)
def test_damage_is_named(tmp_path, change, reason):
    path = archive(tmp_path / "x.tar", [("a", b"1" * 512), ("b", b"2" * 512)], "w")
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(Damaged) as caught:
        list(members(path))
    assert str(caught.value).startswith(f"x.tar{reason}")


def test_an_archive_that_cannot_be_opened(tmp_path):
    for path, reason in ((tmp_path / "none.tar", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(Damaged) as caught:
            next(members(path))
        assert str(caught.value) == (
            f"{path} cannot be read ({reason}); expected the archive of pages, "
            "get it from https://hotpotqa.github.io/wiki-readme.html"
        )


def headed(kind, data, size=None):
    """A header of this kind, its data, and after it a member "a"."""
    header = tarfile.TarInfo("special")
    header.type, header.size = kind, len(data) if size is None else size
    member = tarfile.TarInfo("a")
    member.size = 1
    blocks = header.tobuf(tarfile.GNU_FORMAT), data + bytes(-len(data) % 512), member.tobuf(), b"1" + bytes(1535)
    return b"".join(blocks)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (headed(b"x", b"16 size=1000000\n"), "it ends too early"),
        (headed(b"x", b"15 size=1e9999\n"), "an extended header tells no proper size"),
        (headed(b"x", b"5010 size=" + b"9" * 4999 + b"\n"), "an extended header tells no proper size"),
        (headed(b"x", b"11 size=-1\n"), "an extended header tells no proper size"),
        (headed(b"x", b"9999 a=b\n"), "an extended header is malformed"),
        (headed(b"x", b"6 a=b\n0 a=b\n"), "an extended header is malformed"),
        (headed(b"x", b"0 a=b\n"), "an extended header is malformed"),
        (headed(b"x", b"3 a=b\n"), "an extended header is malformed"),
        (headed(b"x", b"nothing"), "an extended header is malformed"),
        (headed(b"x", b"22 GNU.sparse.major=1\n"), "'a' is a sparse file; expected one that lies there as a whole"),
        (headed(b"S", b""), "'special' is a sparse file"),
        (headed(b"0", b"", 1 << 40), "what follows has 1099511627776 bytes; expected 268435456 at most"),
        (headed(b"x", b"", 1 << 40), "what follows has 1099511627776 bytes"),
        (headed(b"0", b"", -5), "what follows has -5 bytes"),
    ],
)
def test_headers_that_lie(tmp_path, content, reason):
    path = tmp_path / "x.tar"
    path.write_bytes(content)
    with pytest.raises(Damaged) as caught:
        list(members(path))
    assert str(caught.value).startswith(f"x.tar: {reason}")


def test_an_extended_header_is_about_the_next_member_alone(tmp_path):
    def read(*parts):
        (tmp_path / "x.tar").write_bytes(b"".join(parts))
        return list(members(tmp_path / "x.tar"))

    named = headed(b"x", b"10 path=b\n")
    assert read(headed(b"x", b"21 path=AA/wiki=a\n1 \n17 size=00000001\n")) == [("AA/wiki=a\n1 ", b"1")]
    assert read(headed(b"L", b"long\xff/name\0")) == [("long\\xff/name", b"1")]
    assert read(named[:1024], headed(b"g", b"10 path=c\n")) == [("b", b"1")]  # that of all members comes between
    assert read(named[:2048], headed(b"K", b"a long link")) == [("b", b"1"), ("a", b"1")]
    assert read(named[:1024], headed(tarfile.DIRTYPE, b"")) == [("a", b"1")]
