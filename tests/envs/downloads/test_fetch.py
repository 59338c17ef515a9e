"""Fetching from a server on this machine: whole, cut, changed, busy, refused."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from email.utils import formatdate

import pytest
from local_server import Handler, LocalServer

from forethought.common.locks import InUse, locked
from forethought.common.random import Generator
from forethought.common.retry import RetryPolicy
from forethought.envs.downloads import download
from forethought.envs.downloads.fetch import ChangedError, FetchError, fetch
from forethought.envs.downloads.sources import SOURCES, File

DATA = b'[{"asin": "B000"}]' + bytes(range(256)) * 2000  # about half a megabyte
OTHER = DATA[::-1]
SUM = hashlib.sha256(DATA).hexdigest()
HALF = len(DATA) // 2
QUOTA = b"<!DOCTYPE html><html><head><title>Google Drive - Quota\n exceeded</title></head></html>"
QUICK = RetryPolicy(retries=2, timeout=5.0, deadline=60.0, first=0.0)


@dataclass
class Item:
    """What one address serves. `faults` are used up one a request: a status, or after how many bytes to cut."""

    data: bytes = DATA
    headers: dict[str, str] = field(default_factory=lambda: {"ETag": '"one"'})
    ranges: bool = True
    heeds_if_range: bool = True
    says_length: bool = True
    faults: list[int | tuple[int, dict[str, str]]] = field(default_factory=list)


class SiteHandler(Handler):
    def do_GET(self):
        site = self.server
        site.seen.append((self.path, dict(self.headers)))
        item = site.items.get(self.path)
        fault = item.faults.pop(0) if item is not None and item.faults else None
        if item is None or isinstance(fault, tuple):
            return self.serve(*(fault or (404, {})), b"no")
        start = self.start(item)
        status, headers, body = 200, dict(item.headers), item.data
        if start >= len(item.data):
            return self.serve(416, {"Content-Range": f"bytes */{len(item.data)}"}, b"")
        if start:
            status, body = 206, item.data[start:]
            headers["Content-Range"] = f"bytes {start}-{len(item.data) - 1}/{len(item.data)}"
        return self.serve(status, headers, body, len(body) if fault is None else fault, item.says_length)

    def start(self, item):
        condition = self.headers.get("If-Range")
        if not item.ranges or (item.heeds_if_range and condition not in (None, *item.headers.values())):
            return 0
        return int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))

    def serve(self, status, headers, body, upto=None, says_length=True):
        """One answer a connection."""
        self.answer(status, body, headers, upto, says_length)
        self.server.sent[self.path] += len(body[:upto])
        self.close_connection = True


class Site(LocalServer):
    def __init__(self):
        super().__init__(SiteHandler)
        self.items, self.seen, self.sent = {}, [], Counter()
        self.start()


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    site = Site()
    yield site
    site.close()


@pytest.fixture
def get(site, tmp_path):
    """Fetches "items.json" from these addresses of the site."""

    def run(*addresses, size=None, sha256=None, **options):
        file = File("items.json", tuple(site.root + address for address in addresses or ("/a",)), size, sha256)
        return fetch("shop", tmp_path, sources={"shop/small": (file,)}, policy=QUICK, **options)

    return run


def left(folder):
    return {path.name for path in folder.iterdir()}


def test_a_file_comes_whole_is_recorded_and_not_asked_for_again(site, get, tmp_path):
    site.items["/a"] = Item()
    told = []
    assert get(progress=lambda *told_now: told.append(told_now)) == [tmp_path / "items.json"]
    assert (tmp_path / "items.json").read_bytes() == DATA
    record = {"items.json": {"url": f"{site.root}/a", "size": len(DATA), "sha256": SUM}}
    assert json.loads((tmp_path / "fetched.json").read_text()) == record
    assert left(tmp_path) == {"items.json", "fetched.json"}
    assert told[-1] == ("items.json", len(DATA), len(DATA))
    get()
    assert len(site.seen) == 1


@pytest.mark.parametrize("headers", [{"ETag": '"one"'}, {"ETag": 'W/"weak"', "Last-Modified": formatdate(0)}])
def test_a_cut_file_goes_on_where_it_stopped(site, get, tmp_path, headers):
    site.items["/a"] = Item(headers=headers, faults=[HALF])
    get()
    assert (tmp_path / "items.json").read_bytes() == DATA
    assert site.sent["/a"] == len(DATA)
    asked = site.seen[1][1]
    assert (asked["Range"], asked["If-Range"]) == (f"bytes={HALF}-", list(headers.values())[-1])


def test_a_later_call_goes_on_too(site, get, tmp_path):
    site.items["/a"] = Item(faults=[HALF, 0, 0])

    def interrupt(name, done, total):
        if done > HALF:
            raise KeyboardInterrupt

    with pytest.raises(FetchError, match=rf"127\.0\.0\.1:\d+: cut after {HALF} of {len(DATA)} bytes"):
        get()
    with pytest.raises(KeyboardInterrupt):
        get(progress=interrupt)
    assert left(tmp_path) == {"items.json.part", "items.json.part.json"}
    get()
    assert (tmp_path / "items.json").read_bytes() == DATA
    assert site.seen[-1][1].get("Range", "").startswith("bytes=")


def test_every_new_byte_renews_the_patience(site, get):
    site.items["/a"] = Item(faults=[1000] * (3 * QUICK.retries))
    get()
    assert site.sent["/a"] == len(DATA)


@pytest.mark.parametrize("heeds", [True, False])
def test_a_file_that_changed_starts_anew(site, get, tmp_path, heeds):
    site.items["/a"] = Item(faults=[HALF, 0, 0])
    with pytest.raises(FetchError):
        get()
    site.items["/a"] = Item(OTHER, {"ETag": '"two"'}, heeds_if_range=heeds)
    get()
    assert (tmp_path / "items.json").read_bytes() == OTHER


def test_a_server_without_ranges_starts_anew_and_is_given_up_in_the_end(site, get, tmp_path):
    site.items["/a"] = Item(ranges=False, faults=[HALF])
    get()
    assert (tmp_path / "items.json").read_bytes() == DATA
    assert site.sent["/a"] == HALF + len(DATA)
    (tmp_path / "items.json").unlink()
    site.items["/a"].faults = [HALF] * 10
    with pytest.raises(FetchError, match="cut"):
        get()
    assert len(site.items["/a"].faults) == 10 - (1 + QUICK.retries)  # the same half again is nothing new


def test_without_a_validator_only_a_known_sum_lets_it_go_on(site, get, tmp_path):
    site.items["/a"] = Item(headers={}, faults=[HALF])
    get()
    assert "Range" not in site.seen[-1][1]
    (tmp_path / "items.json").unlink()
    (tmp_path / "fetched.json").unlink()
    site.items["/a"].faults = [HALF]
    get(sha256=SUM)
    assert site.seen[-1][1]["Range"] == f"bytes={HALF}-"


def test_pieces_of_two_versions_are_noticed_by_the_sum(site, get, tmp_path):
    site.items["/a"] = Item(OTHER, headers={}, faults=[HALF, (404, {})])
    with pytest.raises(FetchError):
        get(sha256=SUM)
    site.items["/a"] = Item(headers={})
    get(sha256=SUM)
    assert (tmp_path / "items.json").read_bytes() == DATA


def test_a_part_longer_than_the_file_starts_anew(site, get, tmp_path):
    (tmp_path / "items.json.part").write_bytes(DATA * 2)
    (tmp_path / "items.json.part.json").write_text(json.dumps({"url": f"{site.root}/a", "etag": '"one"'}))
    site.items["/a"] = Item()
    get()
    assert (tmp_path / "items.json").read_bytes() == DATA


def test_a_complete_part_needs_no_request(site, get, tmp_path):
    (tmp_path / "items.json.part").write_bytes(DATA)
    notes = {"url": f"{site.root}/a", "etag": '"one"', "length": len(DATA)}
    (tmp_path / "items.json.part.json").write_text(json.dumps(notes))
    get()
    assert (tmp_path / "items.json").read_bytes() == DATA
    assert not site.seen


PAGES = [
    Item(QUOTA, {"Content-Type": "text/html; charset=utf-8"}, ranges=False),
    Item(b"Sorry.", {"Content-Type": "text/html"}),
    Item(b"\n" + QUOTA, {"Content-Type": "application/octet-stream"}, ranges=False),
]


@pytest.mark.parametrize("page", [None, *PAGES])
def test_the_second_mirror_is_used(site, get, tmp_path, page):
    site.items |= {"/b": Item()} if page is None else {"/a": page, "/b": Item()}
    get("/a", "/b")
    assert (tmp_path / "items.json").read_bytes() == DATA
    assert [path for path, _ in site.seen] == ["/a", "/b"]


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (PAGES[0], "an HTML page instead of data: Google Drive - Quota exceeded"),
        (Item(b"short"), "416 .*: not the file"),
    ],
)
def test_a_mirror_with_something_else_does_not_cost_the_part(site, get, tmp_path, other, reason):
    site.items |= {"/a": Item(faults=[HALF, 0, 0]), "/b": other}
    with pytest.raises(FetchError, match=rf": cut after .*; 127.*: {reason}"):
        get("/a", "/b", sha256=SUM)
    assert (tmp_path / "items.json.part").stat().st_size == HALF
    site.items = {"/c": Item()}
    get("/a", "/c", sha256=SUM)  # another mirror goes on, for the sum vouches
    assert site.sent["/c"] == len(DATA) - HALF


@pytest.mark.parametrize("folder", ["new", "new/in/new", "old/new"])
def test_a_failure_leaves_no_new_folder(site, tmp_path, folder):
    (tmp_path / "old").mkdir()
    file = File("items.json", (f"{site.root}/missing",), None, None)
    with pytest.raises(FetchError, match="no mirror gives"):
        fetch("shop", tmp_path / folder, sources={"shop/small": (file,)}, policy=QUICK)
    assert [path.name for path in tmp_path.rglob("*")] == ["old"]


def test_a_failure_leaves_what_came(site, tmp_path):
    site.items["/a"] = Item(faults=[])
    files = (File("items.json", (f"{site.root}/a",), None, None), File("more.json", (f"{site.root}/no",), None, None))
    with pytest.raises(FetchError, match="no mirror gives more"):
        fetch("shop", tmp_path / "new", sources={"shop/small": files}, policy=QUICK)
    assert left(tmp_path / "new") == {"items.json", "fetched.json"}


def test_every_mirror_is_named_when_all_fail(site, get):
    site.items["/b"] = Item(faults=[(503, {})] * 3)
    site.items["/c"] = Item(faults=[(403, {})])
    with pytest.raises(FetchError) as caught:
        get("/a", "/b", "/c")
    host = site.root.removeprefix("http://")
    for reason in ("404 Not Found", "503 Service Unavailable", "403 Forbidden"):
        assert f"{host}: {reason}" in str(caught.value)
    assert Counter(path for path, _ in site.seen) == {"/a": 1, "/b": 3, "/c": 1}


def test_a_file_that_differs_from_its_record_is_refused_and_kept(site, get, tmp_path):
    site.items["/a"] = Item()
    get()
    (tmp_path / "items.json").write_bytes(OTHER)
    with pytest.raises(
        ChangedError, match=rf"expected {len(DATA)} bytes, sha256 {SUM}\. Delete .* accept_changed=True"
    ):
        get()
    assert (tmp_path / "items.json").read_bytes() == OTHER
    get(accept_changed=True)
    get()
    assert (tmp_path / "items.json").read_bytes() == OTHER
    assert len(site.seen) == 1


@pytest.mark.parametrize("other", [OTHER, DATA + b" "], ids=["sum", "size"])
@pytest.mark.parametrize("pinned", [False, True])
def test_a_mirror_that_changed_is_refused(site, get, tmp_path, other, pinned):
    site.items["/a"] = Item()
    pins = {"size": len(DATA), "sha256": SUM} if pinned else {}
    get(**pins)
    (tmp_path / "items.json").unlink()
    record = (tmp_path / "fetched.json").read_bytes()
    site.items["/a"] = Item(other)
    with pytest.raises(
        ChangedError, match=rf"{len(other)} bytes.* expected {len(DATA)} bytes.*accept_changed=True"
    ) as caught:
        get(**pins)
    assert ("offers" in str(caught.value)) == (len(other) != len(DATA))  # a size is refused before anything is loaded
    assert left(tmp_path) == {"fetched.json"}
    assert (tmp_path / "fetched.json").read_bytes() == record
    assert site.sent["/a"] <= len(DATA) + len(other)
    get(**pins, accept_changed=True)
    assert (tmp_path / "items.json").read_bytes() == other


def test_a_file_put_there_by_hand_is_checked_and_recorded(site, get, tmp_path):
    (tmp_path / "items.json").write_bytes(DATA)
    with pytest.raises(ChangedError):
        get(sha256=hashlib.sha256(OTHER).hexdigest())
    get(size=len(DATA), sha256=SUM)
    get()
    assert json.loads((tmp_path / "fetched.json").read_text())["items.json"]["sha256"] == SUM
    assert not site.seen


@pytest.mark.parametrize(("status", "header", "waits"), [(429, "3", 3.0), (503, "0", 0.0), (500, "soon", 0.0)])
def test_a_busy_server_is_waited_for_as_long_as_it_says(site, get, monkeypatch, status, header, waits):
    slept = []
    monkeypatch.setattr(download.time, "sleep", slept.append)
    site.items["/a"] = Item(faults=[(status, {"Retry-After": header})])
    get()
    assert slept == [waits]


def test_a_server_that_asks_for_too_long_a_wait_is_left_at_once(site, get):
    site.items |= {"/a": Item(faults=[(429, {"Retry-After": "86400"})]), "/b": Item()}
    get("/a", "/b")
    assert [path for path, _ in site.seen] == ["/a", "/b"]


def test_waits_are_drawn_below_a_ceiling_that_doubles_up_to_the_longest(site, monkeypatch, tmp_path):
    slept = []
    monkeypatch.setattr(download.time, "sleep", slept.append)
    site.items["/a"] = Item(faults=[(500, {})] * 5)
    file = File("items.json", (f"{site.root}/a",))
    policy = RetryPolicy(retries=5, timeout=5.0, first=1.0, longest=6.0)
    fetch("shop", tmp_path, sources={"shop": (file,)}, policy=policy)
    draws = Generator(f"{site.root}/a")
    assert slept == [draws.random() * ceiling for ceiling in (1, 2, 4, 6, 6)]


def test_redirects_are_followed_and_only_to_http(site, get, tmp_path):
    site.items |= {"/a": Item(faults=[HALF]), "/near": Item(faults=[(302, {"Location": "/a"})] * 2)}
    get("/near")
    assert (tmp_path / "items.json").read_bytes() == DATA
    assert site.sent["/a"] == len(DATA)  # the range went along
    for away in ("ftp://127.0.0.1/a", "file:///etc/passwd"):
        (tmp_path / "items.json").unlink(missing_ok=True)
        site.items["/away"] = Item(faults=[(302, {"Location": away})])
        with pytest.raises(FetchError, match=r"unknown url type|302 Found"):
            get("/away")


def test_a_length_must_be_known(site, get, tmp_path):
    site.items["/a"] = Item(says_length=False)
    with pytest.raises(FetchError, match="does not say how long"):
        get()
    site.items["/a"].faults = [HALF]
    get(size=len(DATA))
    assert (tmp_path / "items.json").read_bytes() == DATA


NAMES = ["../items.json", "/etc/items.json", "a/b", "..", "", ".hidden", "a\\b", "a\n", "fetched.json", "a.part"]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_lead_out_of_the_folder_are_refused(site, tmp_path, name):
    with pytest.raises(ValueError, match="cannot name a fetched file"):
        fetch("shop", tmp_path / "in", sources={"shop": (File(name, (f"{site.root}/a",)),)})
    assert not site.seen
    assert not left(tmp_path)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/a", "data:,a", "items.json", "http:///a"])
def test_only_http(tmp_path, url):
    with pytest.raises(ValueError, match="http or https"):
        fetch("shop", tmp_path, sources={"shop": (File("items.json", (url,)),)})


def test_a_part_that_is_a_link_is_not_written_through(site, get, tmp_path):
    site.items["/a"] = Item()
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (tmp_path / "items.json.part").symlink_to(folder / "victim")
    with pytest.raises(FetchError, match="is a link"):
        get()
    assert not left(folder)


def test_a_full_disk_keeps_the_part(site, get, tmp_path, monkeypatch):
    site.items["/a"] = Item()

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(download.os, "fsync", full)
    with pytest.raises(FetchError, match=r"No space left on device.*is kept"):
        get()
    assert (tmp_path / "items.json.part").stat().st_size == len(DATA)
    monkeypatch.undo()
    get()
    assert len(site.seen) == 1


def test_one_process_at_a_time(site, get, tmp_path):
    site.items["/a"] = Item()
    with (
        locked(tmp_path / "fetched.lock"),
        pytest.raises(InUse, match=r"fetched\.lock is in use by another process; wait for it, or stop it"),
    ):
        get()
    assert not site.seen
    get()
    assert left(tmp_path) == {"items.json", "fetched.json"}


@pytest.mark.parametrize("text", ["", "7 another-machine"])
def test_a_lock_file_that_nobody_holds_is_no_lock(site, get, tmp_path, text):
    site.items["/a"] = Item()
    (tmp_path / "fetched.lock").write_text(text)  # as a process that was killed leaves it
    get()
    assert left(tmp_path) == {"items.json", "fetched.json"}


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"items.json": {"size": 1}}', '{"items.json": 3}', "[" * 9000 + "]" * 9000]
)
def test_a_damaged_record_is_named(get, tmp_path, text):
    (tmp_path / "fetched.json").write_text(text)
    (tmp_path / "items.json").write_bytes(DATA)
    with pytest.raises(FetchError, match=r"fetched\.json is damaged"):
        get()


def test_an_unknown_name_lists_the_known_ones(tmp_path):
    with pytest.raises(ValueError, match="webshop/small, webshop/all, hotpotqa/dev"):
        fetch("webshp", tmp_path)


def test_the_table_pins_every_file():
    for files in SOURCES.values():
        for file in files:
            assert file.size is not None
            assert file.sha256 is not None
            assert len(bytes.fromhex(file.sha256)) == 32
            assert file.mirrors
    names = [file.name for file in SOURCES["webshop/small"]]
    assert names == ["items_shuffle_1000.json", "items_ins_v2_1000.json", "items_human_ins.json"]


def test_the_pinned_attributes_are_the_ones_measured(data_folder):
    pinned = SOURCES["webshop/small"][1]
    data = (data_folder / "webshop" / "ins.json").read_bytes()
    assert (len(data), hashlib.sha256(data).hexdigest()) == (pinned.size, pinned.sha256)
