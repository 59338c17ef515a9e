"""Products read from official records: prices, options, what is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.envs.webshop.products import (
    NO_ATTRIBUTES,
    BadRecord,
    drawn_price,
    fraction,
    is_listed,
    read_prices,
    read_product,
)

RECORD = {
    "asin": "B000000001",
    "name": "Acme Mug",
    "full_description": "Holds tea.",
    "small_description": ["Dishwasher safe", ""],
    "pricing": "$19.99",
    "images": ["https://example.org/mug.jpg", "https://example.org/mug2.jpg"],
    "customization_options": {"Color": [{"value": " Red/Blue "}, {"value": "GREEN"}], "size": None},
    "category": "garden",
    "query": " Coffee Mugs ",
    "product_category": "Home › Kitchen",
}


def test_a_record():
    mug = read_product(RECORD, ("dishwasher safe",))
    assert (mug.asin, mug.title, mug.description) == ("B000000001", "Acme Mug", "Holds tea.")
    assert mug.bullets == ("Dishwasher safe", "")
    assert (mug.tag, mug.price) == ("$19.99", 19.99)
    assert mug.options == (("color", ("red | blue", "green")),)
    assert (mug.query, mug.category, mug.product_category) == ("coffee mugs", "garden", "Home › Kitchen")
    assert (mug.attributes, mug.image) == (("dishwasher safe",), "https://example.org/mug.jpg")


def test_a_record_with_the_least():
    bare = read_product({"asin": "B000000002", "category": "garden", "query": "mugs"})
    assert (bare.title, bare.description, bare.bullets, bare.options, bare.image) == ("", "", ("",), (), "")
    assert (bare.tag, bare.price, bare.attributes) == ("$100.0", 100.0, NO_ATTRIBUTES)
    assert read_product({**RECORD, "small_description": "one text"}).bullets == ("one text",)


@pytest.mark.parametrize(
    ("pricing", "prices", "tag"),
    [
        ("$13.99", (13.99,), "$13.99"),
        ("$1,234.50", (1234.5,), "$1234.5"),
        ("$19.99 - $27.99", (19.99, 27.99), "$19.99 to $27.99"),
        ("$1.00$2.00$3.00", (1.0, 2.0), "$1.0 to $2.0"),
        ("", (100.0,), "$100.0"),
        (None, (100.0,), "$100.0"),
    ],
)
def test_prices(pricing, prices, tag):
    assert read_prices(pricing) == (prices, tag)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("asin", None),
        ("asin", 7),
        ("category", None),
        ("asin", ""),
        ("query", None),
        ("name", ["Mug"]),
        ("full_description", 3),
        ("small_description", {"a": 1}),
        ("small_description", ["a", 1]),
        ("product_category", []),
        ("pricing", "19.99"),
        ("pricing", "$cheap"),
        ("pricing", 19.99),
        ("pricing", "$1.2.3"),
        ("customization_options", ["red"]),
    ],
)
def test_a_bad_field_is_named(field, value):
    with pytest.raises(BadRecord, match=f"'{field}' is "):
        read_product({**RECORD, field: value})


@pytest.mark.parametrize("choices", ["red", [{"values": "red"}], ["red"], [{"value": 3}], {"value": "red"}])
def test_a_bad_group_of_options_is_named(choices):
    with pytest.raises(BadRecord, match=r"options? of 'Color' (is|are) "):
        read_product({**RECORD, "customization_options": {"Color": choices}})


@pytest.mark.parametrize(("asin", "listed"), [("B000000001", True), ("nan", False), ("B0000000012", False)])
def test_which_records_the_shop_takes(asin, listed):
    assert is_listed({"asin": asin}) is listed


@given(asin=st.text(max_size=12), low=st.floats(0, 1e4), width=st.floats(0, 1e4))
def test_drawn_prices_stay_in_range(asin, low, width):
    assert low <= drawn_price(asin, (low, low + width)) <= low + width


def test_drawn_prices_never_change():
    ranged = {**RECORD, "pricing": "$10.00 - $20.00"}
    assert read_product(ranged).price == 19.32893018167695
    assert read_product({**ranged, "asin": "B000000002"}).price == 12.468851585487835
    assert read_product(ranged, price=12.5).price == 12.5


def test_fractions_tell_words_apart_and_fill_the_unit():
    assert fraction("a", "b") != fraction("ab") != fraction("b", "a")
    drawn = sorted(fraction("test", str(n)) for n in range(1000))
    assert drawn[0] >= 0
    assert drawn[-1] < 1
    assert all(abs(value - place / 1000) < 0.06 for place, value in enumerate(drawn))


def test_every_official_record_is_read_and_has_a_price_within_its_tag(data_folder):
    folder = data_folder / "webshop"
    records = json.loads((folder / "products_raw.json").read_text(encoding="utf-8"))
    official = json.loads((folder / "product_prices.json").read_text(encoding="utf-8"))
    ranged = 0
    for record in records:
        product = read_product(record)
        prices = read_prices(record["pricing"])[0]
        low, high = min(prices), max(prices)  # one record names the larger price first
        assert low <= product.price <= high
        assert low <= official[product.asin] <= high
        ranged += low < high
    assert (len(records), ranged) == (1000, 93)
