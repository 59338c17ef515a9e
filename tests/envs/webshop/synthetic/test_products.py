"""The made shop: always the same, in its own words, like the real one in numbers; instructions say what they hide."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.envs.webshop.products import read_options, read_product
from forethought.envs.webshop.synthetic.codes import CODES, asin_of
from forethought.envs.webshop.synthetic.products import Made, make_product, make_shop
from forethought.envs.webshop.synthetic.vocabulary import vocabulary

FIRST_FIFTY = "76027511e1e3a4344001b4e3c920414469cd4d8990b978b48694d22262ecf199"
MEANT = {"hand crafted": "handcrafted", "light weight": "lightweight"}  # one word where the label has two
BARRED = "amazon walmart ebay nike adidas sony samsung iphone ipad canon lego disney nintendo gucci sex sexy xxx kill"


@cache
def shop() -> list[Made]:
    return list(make_shop(3000, 0))


def options(made: Made) -> dict[str, tuple[str, ...]]:
    return dict(read_options(made.product["customization_options"]))


def share(fits) -> float:
    return sum(map(fits, shop())) / len(shop())


def test_the_first_fifty_never_change():
    records = [[made.product, made.attributes, made.instructions] for made in make_shop(50, 0)]
    assert hashlib.sha256(json.dumps(records).encode()).hexdigest() == FIRST_FIFTY


def test_a_product_depends_on_seed_and_number_alone():
    alone = make_product(0, 1234)
    assert alone == shop()[1234]
    assert make_product(1, 1234).product["name"] != alone.product["name"]


def test_asins_are_unique():
    for seed in (0, 7):
        asins = {asin_of(seed, number) for number in range(20_000)}
        assert len(asins) == 20_000
        assert all(re.fullmatch(r"B0[0-9A-Z]{8}", asin) for asin in asins)
    assert asin_of(0, 5) != asin_of(7, 5)


@given(st.integers(0, CODES - 1), st.integers(0, CODES - 1), st.integers(-9, 2**70))
def test_no_two_numbers_share_an_asin(one, other, seed):
    assert (asin_of(seed, one) == asin_of(seed, other)) == (one == other)


@pytest.mark.parametrize("number", [-1, CODES])
def test_numbers_without_an_asin_of_their_own_are_refused(number):
    with pytest.raises(ValueError, match="from 0 to"):
        make_product(0, number)


def test_fewer_products_than_none_are_refused():
    with pytest.raises(ValueError, match="0 products or more"):
        make_shop(-1, 0)


def test_shares_are_like_those_of_the_real_shop():
    departments = Counter(made.product["category"] for made in shop())
    real = {"beauty": 0.238, "electronics": 0.229, "garden": 0.216, "fashion": 0.2, "grocery": 0.117}
    assert {name: departments[name] / len(shop()) for name in real} == pytest.approx(real, abs=0.03)
    assert share(lambda m: m.product["pricing"] == "") == pytest.approx(0.09, abs=0.02)
    assert share(lambda m: " - " in m.product["pricing"]) == pytest.approx(0.09, abs=0.02)
    assert share(lambda m: m.product["full_description"] == "") == pytest.approx(0.3, abs=0.04)
    assert share(lambda m: m.product["customization_options"] == "") == pytest.approx(0.52, abs=0.04)
    assert share(lambda m: m.product["product_category"] == "") == pytest.approx(0.02, abs=0.01)
    assert share(lambda m: isinstance(m.product["small_description"], str)) == pytest.approx(0.016, abs=0.01)
    assert share(lambda m: "instruction" in m.attributes) == pytest.approx(0.42, abs=0.03)
    assert share(lambda m: bool(m.instructions)) == pytest.approx(0.5, abs=0.04)
    assert 600 < 1000 * share(lambda m: len(m.instructions)) < 1000


def test_texts_are_as_long_as_real_ones():
    size = sum(len(json.dumps(made.product, ensure_ascii=False)) for made in shop()) / len(shop())
    assert 2400 < size < 4000
    names = sorted(len(made.product["name"]) for made in shop())
    assert names[0] >= 5
    assert 90 < names[len(names) // 2] < 130
    assert names[-1] < 260


def test_the_official_preparation_reads_every_record():
    shown = Counter()
    for made in shop():
        product = read_product(made.product, tuple(made.attributes["attributes"]))
        assert product.asin == made.product["asin"]
        assert product.image.startswith("https://example.com/")
        assert product.price > 0
        for values in options(made).values():
            assert 1 <= len(values) <= 20
            assert len(set(values)) == len(values), f"{product.asin} offers a value twice: {values}"
            shown.update(sign for value in values for sign in (" | ", '"', "  ") if sign in value)
            shown["beyond ASCII"] += not all(map(str.isascii, values))
    assert min(shown[sign] for sign in (" | ", '"', "  ", "beyond ASCII")) > 10


def test_products_of_a_kind_compete():
    kinds = Counter(made.product["query"] for made in shop()[:1000])
    assert len(kinds) > 110
    assert sum(count for count in kinds.values() if count >= 10) > 400


def test_no_product_contradicts_itself():
    rivals = vocabulary().rivals
    for made in shop():
        labels = [label for label in made.attributes["attributes"] if label in rivals]
        assert len(set(labels)) == len(labels)
        assert not [label for label in labels if (rivals[label] - {label}) & set(labels)]


def test_most_attributes_are_told_and_some_are_not():
    told = [
        label in " ".join(map(str, (p["name"], p["small_description"], p["full_description"]))).lower()
        for p, labels in ((made.product, made.attributes["attributes"]) for made in shop())
        for label in labels
    ]
    assert 0.7 < sum(told) / len(told) < 0.86


def words(text: str) -> set[str]:
    """The beginnings of the words of a text, so that "sleeves" counts as "sleeve" and "washed" as "washable"."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower().replace("×", "x")
    return {word.rstrip("s")[:4] for word in re.findall(r"[a-z]+|\d+", plain)}


def said(hidden: str, text: str) -> float:
    """Which share of the words of `hidden` an instruction says."""
    wanted = words(MEANT.get(hidden, hidden)) - {"a"}
    return len(wanted & words(text)) / len(wanted)


def test_synthetic_instructions_name_what_the_product_has():
    for made in shop():
        chosen = made.attributes.get("instruction_attributes", [])
        assert set(chosen) <= set(made.attributes["attributes"])
        text = made.attributes.get("instruction", "")
        assert text.startswith("Find me ") == bool(chosen)
        assert all(label in text for label in (*chosen, made.product["query"] if chosen else ""))


def test_human_instructions_hide_only_what_the_product_has_and_say_it():
    for made in shop():
        offered = {value for values in options(made).values() for value in values}
        for one in made.instructions:
            assert one["asin"] == made.product["asin"]
            assert 1 <= len(one["instruction_attributes"]) <= 3
            assert set(one["instruction_attributes"]) <= set(made.attributes["attributes"])
            assert set(one["instruction_options"]) <= offered
            for hidden in (*one["instruction_attributes"], *one["instruction_options"]):
                assert said(hidden, one["instruction"]) >= 0.5, (hidden, one["instruction"])


def test_human_instructions_vary_and_keep_the_secret():
    texts = [(one["instruction"], made) for made in shop() for one in made.instructions]
    assert len({text for text, _ in texts}) > 0.97 * len(texts)
    assert len(vocabulary().wording["people"]) >= 60
    assert sum(text[0].isupper() for text, _ in texts) < 0.1 * len(texts)
    wording = vocabulary().wording
    parts = ("|".join(wording[part]) for part in ("heads", "middles", "tails"))
    brand = re.compile(r"\b({})({})({})\b".format(*parts), re.IGNORECASE)
    assert sum(bool(brand.match(made.product["name"])) for made in shop()) > 0.6 * len(shop())
    for text, made in texts:
        assert "{" not in text
        assert made.product["asin"].lower() not in text.lower()
        assert not brand.search(text), text


def test_no_barred_word_and_no_open_slot():
    barred = re.compile(rf"\b(?:{'|'.join(BARRED.split())})\b")
    for made in shop():
        text = json.dumps([made.product, made.attributes, made.instructions], ensure_ascii=False).lower()
        assert not barred.search(text), barred.search(text)
        texts = json.dumps([made.product["name"], made.product["full_description"], made.product["small_description"]])
        assert not re.search(r"[{}]", texts), texts
