"""The four actions, and every reply of theirs word by word."""

from __future__ import annotations

import pytest

from forethought.envs.hotpotqa.building.builder import Pages, finish, prepare
from forethought.envs.hotpotqa.family import HotpotQA
from forethought.envs.hotpotqa.pages import Page
from forethought.envs.hotpotqa.questions import Question
from forethought.envs.hotpotqa.rules import TEMPLATES, State
from forethought.envs.hotpotqa.world import World
from forethought.envs.worlds.folder import new_world

HARBOUR = (
    "The Silent Harbour is a 1987 drama film directed by Ada Voss. It was shot in St. Brannoc.",
    " Critics liked it.",
    " It cost little. ",
    "",
    " The harbour of the title is in Port Elra.",
    " It ends in winter.",
    " A harbour pilot sued.",
)
VOSS = ("Ada Voss (born 1950) is a film director.", " She was born in Port Elra.")


PAGES = (
    Page("The Silent Harbour", (HARBOUR, ("See also.",))),
    Page("Ada Voss", (VOSS,)),
    Page("Port Elra", (("Port Elra is a town.",),)),
    Page("Harbour Lights", (("Harbour Lights is a song.",),)),
    Page("Elra", (("A river.",),)),
)
ASKED = Question("q0", "Where was the director of The Silent Harbour born?", "Port Elra", context=("Ada Voss", "Elra"))


def made(folder, pages, questions):
    with new_world(folder) as scratch:
        with Pages(scratch) as written:
            written.write([prepare(pages)])
            written.finish()
        finish(scratch, written, {"all": questions}, {})
    return World(folder)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return made(tmp_path_factory.mktemp("worlds") / "harbour", PAGES, [ASKED])


@pytest.fixture
def play(world):
    """Plays actions from the start; returns the last step."""

    def run(*actions, **options):
        family = HotpotQA(world, **options)
        state, step = family.initial(0), None
        for action in actions:
            step = family.step(state, action)
            state = step.state
        return step

    return run


def test_the_opening_is_the_question(world):
    family = HotpotQA(world)
    assert family.opening(family.initial(0)) == "Question: Where was the director of The Silent Harbour born?"
    assert family.actions(family.initial(0)) == TEMPLATES


def test_a_search_shows_five_sentences_cut_at_full_stops(play):
    assert play("search[The Silent Harbour]").observation == (
        "The Silent Harbour is a 1987 drama film directed by Ada Voss. It was shot in St. Brannoc. "
        "Critics liked it. It cost little."
    )


def test_a_search_shows_the_five_sentences_of_the_data(play):
    assert play("search[the_silent  HARBOUR]", sentences="native").observation == (
        "The Silent Harbour is a 1987 drama film directed by Ada Voss. It was shot in St. Brannoc. Critics liked it. "
        "It cost little. The harbour of the title is in Port Elra. It ends in winter."
    )


def test_a_last_full_stop_is_doubled_as_published_traces_have_it(play):
    assert play("search[Ada Voss]").observation == (
        "Ada Voss (born 1950) is a film director. She was born in Port Elra.."
    )


def test_paragraphs_of_two_words_do_not_count(play):
    assert play("search[Elra]").observation == ""
    assert play("search[Elra]", sentences="native").observation == "A river."


def test_what_is_not_found_tells_similar_titles_and_keeps_the_page(play):
    step = play("search[Ada Voss]", "lookup[born]", "search[harbour lights song]")
    assert step.observation == (
        "Could not find harbour lights song. Similar: ['Harbour Lights', 'The Silent Harbour']."
    )
    assert (step.state.page, step.state.keyword, step.state.counter) == (1, "born", 1)


def test_similar_titles_come_first_then_texts(play):
    assert (
        play("search[Elra town]").observation
        == "Could not find Elra town. Similar: ['Elra', 'Port Elra', 'Ada Voss', 'The Silent Harbour']."
    )


def test_nothing_similar(play):
    assert play("search[xyzzy]").observation == "Could not find xyzzy. Similar: []."
    assert play("search[]").observation == "Could not find . Similar: []."


def test_look_up_goes_through_the_sentences_and_ends(play):
    told = "(Result 1 / 2) The harbour of the title is in Port Elra."
    opened = ("search[The Silent Harbour]",)
    assert play(*opened, "lookup[HARBOUR OF]", sentences="native").observation == told.replace("1 / 2", "1 / 1")
    assert play(*opened, "lookup[elra]", "lookup[elra]").observation == "No more results.\n"
    assert play(*opened, "lookup[elra]", "lookup[elra]", "lookup[elra]").observation == "No more results.\n"


def test_a_new_keyword_counts_anew_and_another_case_is_a_new_keyword(play):
    opened = ("search[Ada Voss]", "lookup[a]")
    assert play(*opened, "lookup[a]").observation.startswith("(Result 2 / 2)")
    assert play(*opened, "lookup[A]").observation.startswith("(Result 1 / 2)")
    assert play(*opened, "lookup[o]", "lookup[a]").observation.startswith("(Result 1 / 2)")


def test_opening_a_page_forgets_the_keyword(play):
    again = ("search[Ada Voss]", "lookup[a]", "search[Ada Voss]")
    assert play(*again).state.keyword is None
    assert play(*again, "lookup[a]").observation.startswith("(Result 1 / 2)")


def test_look_up_before_any_page(play):
    step = play("lookup[town]")
    assert (step.observation, step.illegal) == ("No more results.\n", None)
    assert step.state == State(0, keyword="town", steps=1)


def test_thoughts_change_nothing_but_the_steps(play):
    step = play("think[I need\n[two] pages]")
    assert (step.observation, step.state) == ("Nice thought.", State(0, steps=1))


@pytest.mark.parametrize("action", ["", "search", "Search[Elra]", "search [Elra]", "search[Elra", "look[x]", "finish]"])
def test_anything_else_is_invalid_and_counts(play, action):
    step = play(f"  {action}\n")
    assert step.observation == f"Invalid action: {action}"
    assert step.illegal.startswith(f"cannot play {action!r}; write search[<entity>], lookup[<string>], ")
    assert (step.state, step.terminated) == (State(0, steps=1), False)


def test_a_search_for_too_many_words_is_invalid(play):
    words = " ".join(f"w{number}" for number in range(2000))
    step = play(f"search[{words}]")
    assert step.observation == f"Invalid action: search[{words}]"
    assert "2,000 distinct terms" in step.illegal


def test_brackets_inside_and_around(play):
    assert play(" search[Ada Voss]\n").state.page == 1
    assert play("search[[x]]").observation == "Could not find [x]. Similar: []."


def test_links_are_offered_once_a_page_is_open(play, world):
    step = play("search[The Silent Harbour]")
    assert HotpotQA(world).actions(step.state) == (*TEMPLATES, "search[Ada Voss]", "search[Port Elra]")


def test_with_its_own_pages_a_question_finds_its_own_twin(tmp_path):
    pages = [Page(title, ((f"{title} is a page of its own.",),)) for title in ("Iron Man", "Iron man", "IRON MAN")]
    asked = [Question(f"q{row}", "Who?", "x", context=(page.title,)) for row, page in enumerate(pages)]
    world = made(tmp_path / "twins", pages, asked)
    family = HotpotQA(world, pages="question")
    for task in range(3):
        assert family.step(family.initial(task), "search[iron MAN]").state.page == task
    alone = HotpotQA(world)
    for title, row in (("Iron man", 1), ("IRON MAN", 2), ("iron_man", 1)):
        assert alone.step(alone.initial(0), f"search[{title}]").state.page == row
