"""Importing official files: what is taken, what is left out, and what is refused by name without a trace."""

from __future__ import annotations

import json

import pytest

from forethought.envs.webshop.building.official_files import find_sources, import_world
from forethought.envs.webshop.products import NO_ATTRIBUTES
from forethought.envs.webshop.world import World


@pytest.fixture
def imported(official, put, tmp_path):
    """The world of the small shop with other files on top."""

    def make(**options):
        import_world(put(official), tmp_path / "world", **options)
        return World(tmp_path / "world")

    return make


@pytest.fixture
def refused(official, put, tmp_path):
    """The reason for which the small shop, with other files on top, is refused; nothing may be left of it."""

    def attempt(**options):
        source = put(official)
        with pytest.raises(ValueError, match=r".+") as caught:
            import_world(source, tmp_path / "world", **options)
        assert [path.name for path in tmp_path.iterdir()] == ["files"]
        return str(caught.value)

    return attempt


def test_the_small_shop(imported):
    world = imported()
    assert [world.product(row).asin[-1] for row in range(len(world))] == ["3", "1", "2", "4"]  # as in the file
    assert [world.row_of(f"B00000000{n}") for n in range(1, 6)] == [1, 2, 0, 3, None]
    assert world.product(2).query == "jars"
    assert list(world.members("query", "mugs")) == [0, 1, 3]
    assert list(world.members("category", "beauty")) == [2]
    assert (len(world.goals("synthetic")), len(world.goals("human"))) == (7, 3)
    assert world.manifest["nouns"] == "approximate"
    assert set(world.manifest["sources"]) == {"items_shuffle.json", "items_ins_v2.json", "items_human_ins.json"}


def test_a_product_without_attributes_has_the_official_dummy_and_no_synthetic_goal(imported):
    world = imported()
    assert world.product(2).attributes == NO_ATTRIBUTES
    assert world.product(3).attributes == ()  # it has a list, and nothing in it
    assert {goal.asin for goal in world.goals("synthetic")} == {"B000000001", "B000000003"}


def test_instructions_of_people_that_ask_for_no_attribute_are_left_out(imported):
    goals = sorted((goal.asin, goal.attributes, goal.options) for goal in imported().goals("human"))
    assert goals == [
        ("B000000002", ("old",), ()),
        ("B000000003", ("big",), ("red",)),
        ("B000000003", ("hot",), ()),
    ]


def test_what_the_official_loader_skips_is_skipped(imported, official):
    first = official["items_shuffle.json"][0]
    official["items_shuffle.json"] += [
        {**first, "name": "a second one of the same ASIN"},
        {**first, "asin": "nan"},
        {**first, "asin": "B0000000031"},
    ]
    world = imported()
    assert len(world) == 4
    assert world.product(0).title == "Red Mug"


def test_without_instructions_of_people(imported, official):
    del official["items_human_ins.json"]
    assert len(imported().goals("human")) == 0


def test_frozen_prices_and_nouns(imported, official):
    official["product_prices.json"] = {"B000000003": 6, "B000000001": 18.5}
    official["title_nouns.json"] = {f"B00000000{n}": ["noun", str(n)] for n in range(1, 5)}
    world = imported()
    assert [world.product(row).price for row in range(4)] == [6.0, 18.5, 100.0, 1200.0]
    assert world.product(0).tag == "$5.0 to $9.0"
    assert world.nouns(0) == ("noun", "3")
    assert world.manifest["nouns"] == "given"


def test_workers_make_no_difference(official, put, tmp_path, monkeypatch):
    monkeypatch.setattr("forethought.envs.webshop.building.official_files.SHELF", 1)
    source = put(official)
    hashes = [import_world(source, tmp_path / f"world{n}", workers=n) for n in (1, 2)]
    assert hashes[0] == hashes[1]
    whole = [{path.name: path.read_bytes() for path in (tmp_path / f"world{n}").rglob("*.*")} for n in (1, 2)]
    assert {**whole[0], "manifest.json": b""} == {**whole[1], "manifest.json": b""}


def test_a_file_may_be_given_and_its_neighbours_are_found(official, put):
    files = {"items_shuffle.json": [], "items_ins_v2.json": {}, "items_human_ins.json": {}}
    small = {"items_shuffle_1000.json": [], "items_ins_v2_1000.json": {}}
    folder = put({**files, **small, "products_raw.json": [], "human_ins.json": {}, "ins.json": {}})

    def names(name):
        found = find_sources(folder / name)
        return found.products.name, found.attributes.name, found.instructions.name

    assert names("items_shuffle.json") == ("items_shuffle.json", "items_ins_v2.json", "items_human_ins.json")
    assert names("items_shuffle_1000.json") == (*small, "items_human_ins.json")
    assert names("products_raw.json") == ("products_raw.json", "ins.json", "human_ins.json")
    with pytest.raises(ValueError, match=r"holds items_shuffle\.json and .*; give the one file"):
        find_sources(folder)


def test_files_that_are_missing_or_misspelt(put, tmp_path):
    with pytest.raises(ValueError, match=r"holds no products; expected items_shuffle\.json, "):
        find_sources(put({}, "empty"))
    with pytest.raises(ValueError, match=r"holds no attributes; expected items_ins_v2\.json, "):
        find_sources(put({"items_shuffle.json": []}))
    with pytest.raises(ValueError, match=r"items_shufle\.json does not exist"):
        find_sources(tmp_path / "files" / "items_shufle.json")


PRODUCTS, ATTRIBUTES, HUMAN = "items_shuffle.json", "items_ins_v2.json", "items_human_ins.json"


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        (PRODUCTS, b'[{"asin": "B1"', "items_shuffle.json, record 0: "),
        (PRODUCTS, b"{}", "items_shuffle.json begins with '{}'; expected a JSON array"),
        (PRODUCTS, [], "there is no product in it"),
        (PRODUCTS, ["mug"], "items_shuffle.json, record 0: it is no object; expected a product"),
        (PRODUCTS, [{"name": "Mug"}], "items_shuffle.json, record 0: 'asin' is 'None'"),
        (PRODUCTS, [{"asin": "B1", "query": "mugs"}], "items_shuffle.json, record 0 (asin 'B1'): 'category' is 'None'"),
        (PRODUCTS, [{"asin": "Bé", "category": "a", "query": "b"}], "other characters than ASCII has"),
        (ATTRIBUTES, b"", "items_ins_v2.json begins with ''"),
        (ATTRIBUTES, b'{"B000000001": {', "items_ins_v2.json, record 0: "),
        (ATTRIBUTES, {"B000000001": "attributes"}, "record 1 (asin 'B000000001'): its attributes are 'attributes'"),
        (ATTRIBUTES, {"B000000001": None}, "(asin 'B000000001'): its attributes are 'None'; expected an object"),
        (ATTRIBUTES, {"B000000001": {"attributes": 3}}, "record 1 (asin 'B000000001'): 'attributes' is '3'"),
        (ATTRIBUTES, {"B000000001": {"instruction": "x", "instruction_attributes": []}}, "asks for no attribute"),
        (HUMAN, {"B000000001": "hi"}, "record 1 (asin 'B000000001'): its human instructions are 'hi'"),
        (HUMAN, {"B000000001": ["hi"]}, "record 1 (asin 'B000000001'): an instruction is 'hi'; expected an object"),
        (HUMAN, b"[]", "items_human_ins.json begins with '[]'; expected a JSON object"),
        ("product_prices.json", {"B000000001": "9"}, "product_prices.json: the price of B000000001 is '9'"),
        ("product_prices.json", {"B000000001": True}, "product_prices.json: the price of B000000001 is True"),
        ("product_prices.json", b'{"B000000001": NaN}', "product_prices.json: the price of B000000001 is nan"),
        ("title_nouns.json", {"B000000001": []}, "title_nouns.json has no nouns for B000000003"),
        ("title_nouns.json", {f"B00000000{n}": n for n in range(1, 5)}, "'nouns of B000000003' is '3'"),
        ("goals.json", [7], "goals.json, record 0: it is no object; expected a goal"),
        ("goals.json", b"[{}", "goals.json, record 0: "),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(official, refused, file, content, reason):
    official[file] = content
    assert reason in refused()


def test_a_worker_refuses_by_name_too(official, refused):
    official[ATTRIBUTES]["B000000004"] = {"attributes": 3}
    assert refused(workers=2).startswith("items_shuffle.json, record 3 (asin 'B000000004'): 'attributes' is '3'")


def test_options_without_end_are_refused(official, refused):
    many = {f"group {n}": [{"value": str(value)} for value in range(100)] for n in range(6)}
    official[PRODUCTS][1]["customization_options"] = many
    assert "record 1 (asin 'B000000001'): its options give 1,000,000,000,000 goals" in refused()


def test_a_word_without_end_is_refused(official, refused):
    official[PRODUCTS][1]["full_description"] = "mug " * 70_000
    assert "record 0 to items_shuffle.json, record 3: text 1 has one term 70,000 times" in refused()


def test_bad_options_of_the_import(official, put, tmp_path):
    source = put(official)
    with pytest.raises(ValueError, match="unknown nouns 'nltk'; expected 'spacy'"):
        import_world(source, tmp_path / "world", nouns="nltk")
    with pytest.raises(ValueError, match="0 workers were given"):
        import_world(source, tmp_path / "world", workers=0)
    with pytest.raises(ValueError, match="is already there"):
        import_world(source, source)
    assert [path.name for path in tmp_path.iterdir()] == ["files"]


def test_a_missing_spacy_is_said_before_the_work(official, put, tmp_path, monkeypatch):
    def missing(titles):
        raise ImportError("no spacy")

    monkeypatch.setattr("forethought.envs.webshop.building.official_files.spacy_nouns", missing)
    monkeypatch.setattr("forethought.envs.webshop.building.official_files.build", None)
    with pytest.raises(ImportError, match="no spacy"):
        import_world(put(official), tmp_path / "world", nouns="spacy")
    assert [path.name for path in tmp_path.iterdir()] == ["files"]


def test_nouns_of_spacy_are_of_the_titles(official, put, tmp_path, monkeypatch):
    shouted = lambda titles: ((title.upper(),) for title in titles)  # noqa: E731
    monkeypatch.setattr("forethought.envs.webshop.building.official_files.spacy_nouns", shouted)
    official["title_nouns.json"] = {}  # spaCy goes first
    import_world(put(official), tmp_path / "world", nouns="spacy")
    world = World(tmp_path / "world")
    assert [world.nouns(row) for row in range(4)] == [("RED MUG",), ("BLUE CUP",), ("OLD JAR",), ("TIN CAN",)]
    assert world.manifest["nouns"] == "spacy"


def test_an_interrupt_leaves_nothing(official, put, tmp_path):
    def interrupt(what, done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_world(put(official), tmp_path / "world", progress=interrupt)
    assert [path.name for path in tmp_path.iterdir()] == ["files"]


def test_the_official_files(data_folder, tmp_path):
    folder = data_folder / "webshop"
    import_world(folder, tmp_path / "world")
    world = World(tmp_path / "world")
    records = json.loads((folder / "products_raw.json").read_text(encoding="utf-8"))
    assert [world.product(row).asin for row in range(len(world))] == [record["asin"] for record in records]
    prices = json.loads((folder / "product_prices.json").read_text(encoding="utf-8"))
    assert {world.product(row).asin: world.product(row).price for row in range(len(world))} == prices
    assert all(world.product(world.row_of(asin)).asin == asin for asin in prices)
    nouns = json.loads((folder / "title_nouns.json").read_text(encoding="utf-8"))
    assert all(list(world.nouns(world.row_of(asin))) == found for asin, found in nouns.items())
