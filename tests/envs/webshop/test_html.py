"""Pages as HTML: nothing but the nodes is text, and whatever a product is called stays text."""

from __future__ import annotations

import random
import re
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from forethought.envs.family import Illegal
from forethought.envs.webshop.default_world import open_world
from forethought.envs.webshop.family import WebShop
from forethought.envs.webshop.html import page_html, picture, template_source, visible_nodes
from forethought.envs.webshop.pages import PARTS, Node, State, clickables, name_of
from forethought.envs.webshop.products import Product
from forethought.envs.webshop.rules import Shop
from forethought.envs.webshop.synthetic.make_world import make_world

VOID = {"meta", "link", "input"}
MADE_HERE = {"html", "head", "title", "body", "header", "main", "nav", "section", "article", "form", "div", "span"}
MADE_HERE |= {"h1", "h2", "p", "ol", "ul", "li", "dl", "dt", "dd", "fieldset", "legend", "button"}
MADE_HERE |= {"svg", "path", "rect", "circle", "ellipse", "a"} | VOID
QUERIES = ("red shirt", "lamp", "<r>", "<c> garden", "nothingness")


class Markup(HTMLParser):
    """Reads a page as the official environment does: all texts but line breaks, except what browsers do not show."""

    def __init__(self, html):
        super().__init__()
        self.texts, self.open, self.tags, self.marked = [], [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID and not self.get_starttag_text().endswith("/>"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:  # "/>" closes what was never opened
            assert self.open.pop() == tag

    def handle_data(self, data):
        if data != "\n" and not {"style", "script", "head", "title", "meta", "noscript"} & set(self.open):
            self.texts.append(data.strip())

    def actions(self):
        return [attrs["data-action"] for _, attrs in self.tags if "data-action" in attrs]


@pytest.fixture(scope="module")
def family(tmp_path_factory):
    folder = tmp_path_factory.mktemp("worlds") / "world"
    make_world(folder, 60, 0)
    return WebShop(open_world(folder))


def walk(family, steps, seed=0):
    """The states that a random shopper comes through."""
    draw = random.Random(seed)
    state = family.initial(0)
    for _ in range(steps):
        yield state
        actions = family.actions(state)
        if not actions or draw.random() < 0.02:
            state = family.initial(draw.randrange(len(family)))
            continue
        state = family.shop.play(state, draw.choice(actions).replace("<query>", draw.choice(QUERIES)))


def test_a_page_holds_its_nodes_and_no_other_text(family):
    kinds = set()
    for state in walk(family, 600):
        html, kind = page_html(family.shop, state), state.kind
        assert visible_nodes(html) == list(family.shop.page(state))
        assert " [SEP] ".join(Markup(html).texts) == family.shop.plain(state)
        kinds.add((kind, state.part, bool(state.options), state.number > 1))
    assert {kind for kind, *_ in kinds} == {"index", "results", "item", "part", "done"}
    assert {part for _, part, *_ in kinds} == {"", *PARTS}
    assert {(options, further) for _, _, options, further in kinds} == {
        (a, b) for a in (True, False) for b in (True, False)
    }


def test_everything_that_can_be_clicked_names_its_action(family):
    for state in walk(family, 200, seed=1):
        page = Markup(page_html(family.shop, state))
        assert sorted(set(page.actions())) == sorted(set(family.actions(state)) - {"search[<query>]"})
        for tag, attrs in page.tags:
            if "data-action" in attrs:
                assert tag == "button"
                assert (attrs["name"], attrs["value"]) == ("action", attrs["data-action"])
        forms = [attrs for tag, attrs in page.tags if tag == "form"]
        assert [form["method"] for form in forms] == ([] if state.bought else ["post"])
        assert not any("action" in form for form in forms)  # they post to the page's own address


def test_nothing_comes_from_elsewhere(family):
    for state in walk(family, 100, seed=2):
        html = page_html(family.shop, state)
        addresses = {attrs[name] for _, attrs in Markup(html).tags for name in ("href", "src") if name in attrs}
        assert addresses == {"/shop.css", "data:,"}
        assert " style=" not in html  # the site's policy forbids it
        assert "<script" not in html
    assert not re.search(r"url\(|@import", template_source("shop.css"))


def test_choices_and_visits_are_marked(family):
    shop = family.shop
    row = next(row for row in range(60) if shop.world.product(row).options)
    product = shop.world.product(row)
    group, values = product.options[0]
    state = State(0, "<r>", 1, row, "", ((group, values[0]),), (product.asin,))
    options = [attrs for _, attrs in Markup(page_html(shop, state)).tags if attrs.get("data-node") == "option"]
    pressed = [(a["data-group"], a["data-action"]) for a in options if a["aria-pressed"] == "true"]
    assert pressed == [(group, f"click[{values[0]}]")]
    assert len(options) == sum(len(values) for _, values in product.options)
    cards = [f'class="card{" visited" * (row == found)}"' for found in shop.results(0, "<r>")[:10]]
    html = page_html(shop, State(0, "<r>", 1, visited=(product.asin,)))
    assert re.findall(r'class="card(?: visited)?"', html) == cards


def test_notice_and_home_are_no_text(family):
    state = family.initial(0)
    html = page_html(family.shop, state, base="/there", home="/there/", notice='No "<b>" here')
    page = Markup(html)
    assert page.texts == Markup(page_html(family.shop, state)).texts
    assert [attrs["data-notice"] for _, attrs in page.tags if "data-notice" in attrs] == ['No "<b>" here']
    assert {attrs["href"] for _, attrs in page.tags if "href" in attrs} == {"/there/", "/there/shop.css", "data:,"}


def test_pictures_are_the_products_own(family):
    looks = [picture(family.shop, row) for row in range(60)]
    assert looks == [picture(family.shop, row) for row in range(60)]
    assert len({tuple(look.values()) for look in looks}) > 20
    assert {look["shape"] for look in looks} == {"beauty", "electronics", "fashion", "garden", "grocery"}


# Products of any text, in a world that has nothing else.

NASTY = ["<", ">", "&", '"', "'", "\r", "\n", "\t", "\f", "\x0b", "\x85", "\xa0", "\u2028", "\ud800", "\x00", "\x7f"]
NASTY += [
    "<script>alert(1)</script>",
    "<!--",
    "-->",
    "</button>",
    "]]>",
    "&amp;",
    "&#13;",
    "{{ 1 }}",
    "[",
    "]",
    " ",
    "a",
]
texts = st.lists(st.sampled_from(NASTY) | st.characters(), max_size=8).map("".join)
lower = texts.map(str.lower).filter(lambda text: text.lower() == text)
groups = st.dictionaries(lower, st.lists(lower, max_size=3).map(tuple), max_size=3).map(
    lambda given: tuple(given.items())
)


def shop_of(title, description, bullets, options, asin="B00", instruction="Find it", category="box"):
    product = Product(asin, title, description, bullets, "$1.0", 1.0, options, (), category, "", "", "")
    world = SimpleNamespace(
        hash="none",
        product=lambda row: product,
        found=lambda query: (0,),
        row_of=lambda asin: 0,
        nouns=lambda row: (),
    )
    goal = SimpleNamespace(
        instruction=instruction,
        asin=asin,
        query="",
        product_category="",
        attributes=(),
        options=(),
        option_names=None,
        price_upper=5.0,
    )
    return Shop(world, SimpleNamespace(get=lambda number: goal))


def clean(text):
    return re.sub("[\x00\ud800-\udfff]", "\ufffd", text)


def states(shop):
    found = State(0, "all", 1)
    item = shop.play(found, "click[b00]")
    chosen = tuple((group, values[0]) for group, values in shop.world.product(0).options if values)
    item = State(0, "all", 1, 0, "", tuple(sorted(chosen)), item.visited)
    parts = [State(0, "all", 1, 0, part, item.options, item.visited) for part in PARTS]
    return [State(0), found, item, *parts, shop.play(item, "click[buy now]")]


@example("<script>alert(1)</script>", "a\rb\r\nc", (" ", "", "\n"), (("<b>", ("\r", "a\nb", "")),), "</p> \x00")
@example("", "", (), (("", ("a",)), ("b", ("c",))), "")
@given(texts, texts, st.lists(texts, max_size=3).map(tuple), groups, texts)
def test_any_text_stays_text(title, description, bullets, options, instruction):
    shop = shop_of(title, description, bullets, options, instruction=instruction)
    for state in states(shop):
        page, html = shop.page(state), page_html(shop, state)
        assert visible_nodes(html) == [Node(clean(node.text), node.kind, clean(node.group)) for node in page]
        read = Markup(html)
        assert {tag for tag, _ in read.tags} <= MADE_HERE
        assert read.texts == [clean(node.text).strip() for node in page]
        assert not re.search("[\r\x00]", html.encode().decode())  # browsers would make other characters of them


@given(groups)
def test_any_option_can_be_clicked_as_the_page_says(options):
    shop = shop_of("", "", (), options)
    state = State(0, "all", 1, 0, "", (), ("B00",))
    named = clickables(shop.page(state), apart=True)
    actions = Markup(page_html(shop, state)).actions()
    names = {name_of(node, named, shop.can_name) for node in shop.page(state) if node.kind in ("button", "option")}
    assert set(actions) == {clean(f"click[{name}]") for name in names if shop.can_name(name)}
    assert {clean(action) for action in shop.actions(state)[1:]} == set(actions)
    for action in actions:
        if "\ufffd" not in action:
            shop.play(state, action)


def test_what_cannot_be_named_cannot_be_clicked():
    shop = shop_of("", "", (), (("size", ("one\ntwo", "one")),))
    state = State(0, "all", 1, 0, "", (), ("B00",))
    both = [attrs for _, attrs in Markup(page_html(shop, state)).tags if attrs.get("data-node") == "option"]
    assert ["disabled" in attrs for attrs in both] == [True, False]
    with pytest.raises(Illegal):
        shop.play(state, "click[one\ntwo]")


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """As WCAG 2.2 defines it."""
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_colours_can_be_read_by_day_and_by_night():
    day, night = re.findall(r":root \{(.*?)\}", template_source("shop.css"), re.DOTALL)
    for scheme in (day, night):
        colour = dict(re.findall(r"--([\w-]+): (#\w{6})", scheme))
        for ink in ("ink", "soft", "mark"):
            for ground in ("page", "paper", "tint"):
                assert contrast(colour[ink], colour[ground]) >= 4.5, (ink, ground, colour)
        assert contrast(colour["on-mark"], colour["mark"]) >= 4.5
        assert contrast(colour["warn"], colour["warn-tint"]) >= 4.5
        assert min(contrast(colour["edge"], colour[ground]) for ground in ("page", "paper")) >= 3  # of controls
