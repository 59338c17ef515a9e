from __future__ import annotations

from forethought.agents import AllActions, RuleValue
from forethought.envs import TaskSimulator
from forethought.envs.game24 import Game24, exact_value
from forethought.leaderboards.trees import SHOWN, draw, tree_page
from forethought.search import Budget, beam
from forethought.search.engine.driver import Driver


def outcome():
    driver = Driver(TaskSimulator(Game24(["4 5 6 10"])), AllActions(), RuleValue("Game24-v0"), Budget(nodes=500))
    return next(driver.run([0], lambda root: beam(root, beam_width=2)))


def test_the_chosen_path_is_drawn_whole():
    done = outcome()
    drawing = draw(done.root, done.answer, "title", "note")
    assert [box.title.split(" · ")[0] for box in drawing.boxes if box.chosen] == [
        node.observation for node in done.answer.ancestors
    ]


def test_boxes_do_not_lie_on_one_another():
    done = outcome()
    places = [(box.x, box.y) for box in draw(done.root, done.answer, "", "").boxes]
    assert len(set(places)) == len(places)


def test_what_is_left_out_is_counted():
    done = outcome()
    drawing = draw(done.root, done.answer, "", "")
    assert f"… {len(done.root.children) - SHOWN} more" in {box.label for box in drawing.boxes}


def test_truth_is_marked():
    done = outcome()
    truth = {id(node): bool(exact_value(node.state)) for node in done.root}
    marked = [box for box in draw(done.root, done.answer, "", "", truth).boxes if box.truth]
    assert marked
    assert '<circle class="truth"' in tree_page("t", "l", [draw(done.root, done.answer, "", "", truth)])


def test_the_page_is_one_file_and_escapes_its_text():
    done = outcome()
    done.root._observation = "<script>alert(1)</script>"  # as a world could show it
    page = tree_page("<b>", "lead", [draw(done.root, done.answer, "<i>", "note")], [["a", "<u>"], ["b", "c"]])
    for hostile in ("<script", "<b>", "<i>", "<u>"):
        assert hostile not in page
    for outside in ("http://", "https://", "src=", "@import"):
        assert outside not in page
