"""The rules for WebShop, in a shop of five shirts: the right one, and four that are nearly right."""

from __future__ import annotations

from math import inf
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.agents.heuristics.values import RulePolicy, RuleValue
from forethought.agents.heuristics.webshop.heuristics import webshop_proposals, webshop_value
from forethought.agents.heuristics.webshop.pages import read_page
from forethought.agents.heuristics.webshop.walk import Item, Product, choose
from forethought.agents.heuristics.webshop.wishes import Choice, read_wish, tokens, wanted_choices
from forethought.agents.registry import make_policy
from forethought.envs import TaskSimulator
from forethought.envs.webshop.building.builder import Entry, build, stock
from forethought.envs.webshop.family import WebShop
from forethought.envs.webshop.world import KIND, World
from forethought.envs.worlds.folder import new_world, seal
from forethought.search import Node, Query
from forethought.search.node import TERMINAL, Context, visible

ENV = "WebShop-v0"
MODES = ("text", "text_rich", "compact", "html")
RIGHT, LARGE, DEAR, BLUE, TOWEL = (f"B00000000{number}" for number in range(1, 6))
WANTED = "i am looking for a black long sleeve shirt in size 3x-large, made of cotton"


def shirt(asin, price, colours, sizes, bullets=("Cotton",), title="Acme Long Sleeve Shirt"):
    groups = {"color": [{"value": value} for value in colours], "size": [{"value": value} for value in sizes]}
    return {
        "asin": asin,
        "name": title,
        "full_description": "Dries overnight.",
        "small_description": list(bullets),
        "pricing": f"${price}",
        "customization_options": groups,
        "category": "fashion",
        "query": "shirts",
        "product_category": "Clothing › Men › Shirts",
    }


SHELF = (
    shirt(LARGE, 20, ("black", "red"), ("large", "x-large")),
    shirt(DEAR, 90, ("black",), ("large", "3x-large")),
    shirt(BLUE, 20, ("navy blue",), ("large", "3x-large")),
    shirt(TOWEL, 20, (), (), ("Soft",), "Bath Towel"),
    shirt(RIGHT, 20, ("black", "black | white"), ("large", "x-large", "3x-large"), ("Machine Wash", "Cotton")),
)
ABOUT = {
    "attributes": ["long sleeve", "cotton"],
    "instruction": "Find me cotton, long sleeve shirts",
    "instruction_attributes": ["long sleeve", "cotton"],
}
WRITTEN = [{"instruction": WANTED, "instruction_attributes": ["cotton"], "instruction_options": ["black", "3x-large"]}]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The world; its goals all ask for the right shirt."""
    folder = tmp_path_factory.mktemp("shop") / "world"
    entries = [
        Entry(f"shirt {row}", record, *((ABOUT, WRITTEN) if record["asin"] == RIGHT else ({}, None)))
        for row, record in enumerate(SHELF)
    ]
    with new_world(folder) as made:
        build(made, [stock(entries)])
        seal(made, KIND, {"name": "shirts", "products": len(SHELF), "nouns": "approximate"})
    return World(folder)


def follow(shop, *actions, mode="text", goals="human", goal=0):
    """The node behind some actions."""
    world = TaskSimulator(WebShop(shop, observation=mode, goals=goals))
    start = world.root(goal)
    node = Node(start.state, start.observation, world=world, task=goal)
    for action in actions:
        node = after(node, action)
    return node


def after(node, action):
    step = node.world.step(node.state, action)
    assert step.illegal is None, step.illegal
    return Node(step.state, visible(step, node.world), node, action, 1.0, step.terminated)


def shopped(node, steps=15):
    """Where the first proposal of the policy leads, again and again."""
    policy = RulePolicy(ENV)
    for _ in range(steps):
        if node.done:
            break
        ((proposal,),) = policy.propose([Query(node, 1, 0)])
        node = after(node, proposal.action)
    return node


def value(node):
    (estimate,) = RuleValue(ENV).evaluate([Query(node, None, 0)])
    return estimate.value


ALSO_LARGE = (("black", "large"), ("black", "x-large"))  # what another shirt has, for the same price


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("goals", ["synthetic", "human"])
def test_the_policy_buys_the_right_shirt_with_the_right_options(shop, mode, goals):
    for goal in range(len(shop.goals(goals))):
        bought = shopped(follow(shop, mode=mode, goals=goals, goal=goal))
        assert bought.world.metrics(bought.state)["reward"] == 1.0, bought.actions
        wanted = shop.goals(goals)[goal].options
        assert tuple(chosen for _, chosen in bought.state.options) == wanted
        assert bought.world.family.shop.asin(bought.state) in ((RIGHT,) if wanted not in ALSO_LARGE else (RIGHT, LARGE))


OPENED = ("search[shirt]", f"click[{RIGHT.lower()}]")
CHOSEN = (*OPENED, "click[black]", "click[3x-large]")


@pytest.mark.parametrize("mode", MODES)
def test_every_step_to_the_right_purchase_is_worth_more(shop, mode):
    path = (*CHOSEN, "click[buy now]")
    worth = [value(follow(shop, *path[:steps], mode=mode)) for steps in (0, 1, 2, 3, 4, 5)]
    assert worth == sorted(set(worth))
    assert worth[0] == 0.0
    read = (*OPENED, "click[features]", "click[< prev]", *CHOSEN[2:], "click[buy now]")
    assert value(follow(shop, *read, mode=mode)) > worth[-1]  # the features tell of cotton


def test_poor_purchases_are_worth_less_than_a_good_page(shop):
    good = value(follow(shop, *OPENED))
    for asin in (LARGE, DEAR, BLUE, TOWEL, RIGHT):
        path = ("search[shirt towel]", f"click[{asin.lower()}]")
        assert value(follow(shop, *path, "click[buy now]")) < good


def test_a_wrong_option_takes_the_place_of_a_right_one(shop):
    wrong = (*CHOSEN, "click[large]")
    assert value(follow(shop, *wrong, "click[buy now]")) < value(follow(shop, *CHOSEN, "click[buy now]"))
    assert shopped(follow(shop, *wrong)).actions[-2:] == ["click[3x-large]", "click[buy now]"]


def test_the_price_counts(shop):
    def bought(asin):
        path = ("search[shirt]", f"click[{asin.lower()}]", "click[black]", "click[3x-large]", "click[buy now]")
        return value(follow(shop, *path))

    assert bought(DEAR) < bought(RIGHT)


@pytest.mark.parametrize("path", [(), OPENED[:1], OPENED, CHOSEN, (*OPENED, "click[features]")])
@pytest.mark.parametrize("num_children", [None, 1, 3])
def test_proposals_are_admissible_and_their_priors_a_distribution(shop, path, num_children):
    node = follow(shop, *path)
    (proposals,) = RulePolicy(ENV).propose([Query(node, num_children, 0)])
    assert 1 <= len(proposals) <= (num_children or 99)
    assert sum(proposal.prior for proposal in proposals) == pytest.approx(1)
    assert [p.prior for p in proposals] == sorted((p.prior for p in proposals), reverse=True)
    actions = [proposal.action for proposal in proposals]
    assert len(set(actions)) == len(actions)
    assert all(action in node.world.actions(node.state) or action.startswith("search[") for action in actions)
    assert all(node.world.step(node.state, action).illegal is None for action in actions)


def test_a_finished_shopper_and_one_who_finds_nothing_stop(shop):
    done = follow(shop, *OPENED, "click[buy now]")
    nothing = follow(shop, *(f"search[{query}]" for query in read_wish(WANTED).queries), "search[zzz]")
    assert [list(found) for found in RulePolicy(ENV).propose([Query(done, 3, 0), Query(nothing, 3, 0)])] == [[], []]


@pytest.mark.parametrize(
    ("instruction", "values", "chosen"),
    [
        ("a shirt in large", ["3x-large", "x-large", "large"], "large"),
        ("a shirt in 3x-large", ["large", "x-large"], None),
        ("a shirt in 3xl", ["large", "xxx-large", "x-large"], "xxx-large"),
        ("a shirt, xx-large tall", ["xx-large", "xx-large tall", "tall"], "xx-large tall"),
        ('a pillow of 28" x 28"', ['28"', '18" x 28"', '28" x 28"'], '28" x 28"'),
        ("size 10.5 shoes", ["10", "5", "10.5"], "10.5"),
        ("navy blue jeans", ["blue", "navy", "navy blue"], "navy blue"),
        ("a grey sofa", ["red", "dark heather", "gray"], "gray"),
        ("a charcoal sofa", ["heather charcoal", "heather grey"], "heather charcoal"),  # half of its words
        ("a black shirt with color: white, and size: s", ["black", "white"], "white"),
        ("a black shirt with color: white", ["black", "whitewash"], None),
        ("a shirt with flavor: mint", ["mint"], None),  # of another group
        ("a shirt with long sleeve with color: b17-army green", ["army green", "b17-army green"], "b17-army green"),
    ],
)
def test_the_option_that_an_instruction_names(instruction, values, chosen):
    found = wanted_choices(read_wish(instruction), {"color": values})
    assert [choice.value for choice in found] == ([chosen] if chosen else [])


@pytest.mark.parametrize(
    ("instruction", "ceiling"),
    [
        ("shoes, and price lower than 1,130.00 dollars", 1130.0),
        ("shoes under $25.50 please", 25.5),
        ("shoes for less than 30 dollars", 30.0),
        ("shoes below 30", inf),
        ("under desk storage, size 10", inf),
    ],
)
def test_the_ceiling_of_an_instruction(instruction, ceiling):
    wish = read_wish(instruction)
    assert wish.ceiling == ceiling
    if ceiling < inf:
        assert wish.queries == ("shoes",)


def test_a_wish_is_words_and_named_options_without_phrases():
    wish = read_wish(
        "Find me hand wash women's shirts with long sleeve with color: blue | red, and fit type: men, "
        "and price lower than 30.00 dollars"
    )
    assert wish.words == tokens("hand wash women shirt long sleeve")
    assert wish.named == (("color", "blue | red"), ("fit type", "men"))
    assert wish.queries == (
        "hand wash women's shirts long sleeve blue | red men",
        "hand wash women's shirts long sleeve",
    )
    assert read_wish("i need a lamp, and i want it to be white. thanks").words == tokens("lamp white")


def test_pages_are_read_alike_in_every_mode(shop):
    for path in ((), OPENED[:1], OPENED, (*OPENED, "click[features]"), (*OPENED, "click[description]")):
        pages = [read_page(follow(shop, *path, mode=mode).observation) for mode in MODES]
        assert pages.count(pages[0]) == len(MODES)
    offers = read_page(follow(shop, *OPENED[:1]).observation).offers
    assert {offer.asin for offer in offers} == {RIGHT, LARGE, DEAR, BLUE}
    assert {offer.price for offer in offers} == {20.0, 90.0}


def test_what_html_hides_is_not_read():
    shown = "<h2>Features</h2><p>Soft</p>"
    hidden = f"<style>cotton {{}}</style><!-- <h5>cotton</h5> -->{shown}<script>cotton()</script>"
    assert read_page(hidden) == read_page(shown)


PIECES = (
    " [SEP] ", "Back to Search", "< Prev", "Page 1 (Total results: 3)", RIGHT, "$", "$1.5", "Price: ",
    "Price: $9 to $12", "Rating: N.A.", "Buy Now", "Search", "\n", "[", "]", "[[red]]", "color",
    "[button] ", " [button_]", "<p>", "<!--",
    "You have clicked red.", "3x-large", "color: red, and ", "with size: ", "price lower than 10 dollars", "9" * 400,
)  # fmt: skip
TEXT = st.text() | st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=20).map("".join)
CLICKS = (
    "search[shirt]",
    f"click[{RIGHT.lower()}]",
    "click[features]",
    "click[< prev]",
    "click[red]",
    "click[buy now]",
)
ACTIONS = TEXT | st.sampled_from(CLICKS)


@given(TEXT, TEXT, st.lists(st.tuples(ACTIONS, TEXT | st.just(TERMINAL)), max_size=6), st.lists(ACTIONS, max_size=6))
def test_no_text_makes_the_rules_raise(instruction, opening, steps, actions):
    context = Context(instruction, opening, tuple(steps))
    assert 0.0 <= webshop_value(context) <= 1.0
    asked = SimpleNamespace(context=context, actions=("search[<query>]", *actions), num_children=4)
    for proposal in webshop_proposals(asked):
        assert proposal.action in actions or proposal.action.startswith("search[")


def test_a_family_without_a_rule_policy_is_told():
    assert isinstance(make_policy("rule", None, {}, ENV), RulePolicy)
    with pytest.raises(ValueError, match="Game24-v0 has no rule policy; families that have one: WebShop-v0"):
        make_policy("rule", None, {}, "Game24-v0")


def test_a_value_of_two_groups_is_chosen_in_each():
    """The value alone names the later group's, so the other is named with its group; both are remembered."""
    choices = tuple(Choice(group, "both", frozenset({group})) for group in ("color", "size"))
    product = Product(Item(5.0, frozenset(), choices, {"both": "size"}))
    assert [product.item.name_of(choice) for choice in product.missing()] == ["color: both", "both"]
    choose(product, "both")
    assert product.missing() == [choices[0]]
    choose(product, "color: both")
    assert product.missing() == []
