"""The website as browsers and programs meet it: over HTTP, on this machine."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("starlette")
httpx = pytest.importorskip("httpx")

from forethought.envs.webshop.default_world import open_world  # noqa: E402
from forethought.envs.webshop.family import WebShop  # noqa: E402
from forethought.envs.webshop.html import page_html, visible_nodes  # noqa: E402
from forethought.envs.webshop.synthetic.make_world import make_world  # noqa: E402
from forethought.envs.webshop.website.app import LONGEST_ACTION, address_of, listen, make_app, serve_in_thread  # noqa: E402
from forethought.envs.webshop.website.sessions import Sessions  # noqa: E402

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
KEYS = ["id", "step", "task", "instruction", "url", "observation", "page", "actions", "reward", "terminated"]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("worlds") / "world"
    make_world(folder, 60, 0)
    return open_world(folder)


@pytest.fixture(scope="module")
def family(world):
    return WebShop(world)


@pytest.fixture(scope="module")
def sessions(family):
    return Sessions(family.shop)


def client_of(address):
    return httpx.Client(base_url=address, trust_env=False)


@pytest.fixture(scope="module")
def client(family, sessions):
    with serve_in_thread(make_app(family, sessions=sessions)) as address, client_of(address) as client:
        yield client


@pytest.fixture
def begin(client):
    """Begins a session by the API and plays some actions; gives the last answer."""

    def begin(*actions, task=0):
        told = client.post("/api/sessions", json={"task": task}).json()
        for action in actions:
            told = client.post(f"/api/sessions/{told['id']}/{told['step']}", json={"action": action}).json()
            assert told["illegal"] is None
        return told

    return begin


def first_product(told):
    return next(action for action in told["actions"] if re.fullmatch(r"click\[b0\w{8}\]", action))


# A person with a browser


def test_a_person_shops(client, family):
    assert "<form" in client.get("/").text
    at = client.post("/s", data={"task": "2", "split": "eval"})
    assert at.status_code == 303
    state = family.initial(family.splits["eval"][2])
    place, step = at.headers["location"].rsplit("/", 1)
    assert step == "0"
    moves = [
        ({"q": "red shirt"}, "search[red shirt]"),
        (None, None),
        ({"action": "click[features]"}, "click[features]"),
    ]
    moves += [({"action": "click[< prev]"}, "click[< prev]"), ({"action": "click[buy now]"}, "click[buy now]")]
    for step, (form, action) in enumerate(moves):
        page = client.get(f"{place}/{step}")
        assert page.text == page_html(family.shop, state, home="/")
        if form is None:
            action = re.search(r'data-action="(click\[b0[^"]*)"', page.text)[1]
            form = {"action": action}
        at = client.post(f"{place}/{step}", data=form)
        assert (at.status_code, at.headers["location"]) == (303, f"{place}/{step + 1}")
        state = family.shop.play(state, action)
    assert state.bought
    assert visible_nodes(client.get(f"{place}/5").text) == list(family.shop.page(state))
    assert client.get(place).headers["location"] == f"{place}/5"
    assert client.get(f"{place}/1").text == page_html(
        family.shop, family.shop.play(family.initial(state.goal), "search[red shirt]"), home="/"
    )


def test_what_is_refused_leaves_the_page_with_a_notice(client, begin, sessions):
    told = begin("search[lamp]")
    at = client.post(told["url"], data={"action": "click[<b>nothing]"})
    assert at.status_code == 303
    assert at.headers["location"].startswith(f"/s/{told['id']}/1?refused=")
    page, plain = client.get(at.headers["location"]).text, client.get(told["url"]).text
    assert "cannot play &#39;click[&lt;b&gt;nothing]" in page
    assert visible_nodes(page) == visible_nodes(plain)
    assert sessions.last(told["id"]) == 1
    assert "data-notice" not in plain
    assert 'data-notice="That cannot be done here."' in client.get(told["url"] + "?refused=search[lamp]").text


def test_an_option_with_a_carriage_return_comes_back_from_a_form(family, monkeypatch):
    monkeypatch.setattr(family.shop, "play", lambda state, action: played.append(action) or state)
    played = []
    with serve_in_thread(make_app(family)) as address, client_of(address) as client:
        at = client.post("/s", data={"task": "0"}).headers["location"]
        client.post(at, data={"action": "click[a\r\nb é]"})  # as browsers send click[a\rb é]
    assert played == ["click[a\rb é]"]


@pytest.mark.parametrize(
    "form", [{"task": "x"}, {"task": "-1"}, {"task": "1" * 5000}, {"task": "0", "split": "none"}, {}]
)
def test_a_task_that_is_not_there(client, form):
    told = client.post("/s", data=form, headers=FORM)
    assert (told.status_code, "<h1>422</h1>" in told.text) == (422, True)


@pytest.mark.parametrize("path", ["/s/none", "/s/none/0", "/none"])
def test_pages_that_are_not_there(client, path):
    told = client.get(path)
    assert (told.status_code, told.headers["content-type"]) == (404, "text/html; charset=utf-8")


# A program


def test_the_api_tells_what_the_environment_tells(client, family):
    about = client.get("/api").json()
    assert about == {
        "name": "WebShop-v0",
        "world": family.world,
        "observation": "text",
        "tasks": len(family),
        "splits": {name: [tasks.start, tasks.stop] for name, tasks in family.splits.items()},
    }
    begun = client.post("/api/sessions", json={"task": 1, "split": "test"})
    told, state = begun.json(), family.initial(1)
    assert (begun.status_code, list(told), told["step"], told["task"]) == (201, KEYS, 0, 1)
    for action in ("search[cotton shirt]", None, "click[description]", "click[< prev]", "click[buy now]"):
        action = action or first_product(told)
        expected = family.step(state, action)
        state = expected.state
        told = client.post(f"/api/sessions/{told['id']}/{told['step']}", json={"action": action}).json()
        assert told["observation"] == told["page"] == expected.observation
        assert told["actions"] == list(family.actions(state))
        assert (told["reward"], told["terminated"]) == (expected.reward, expected.terminated)
        assert told["instruction"] == family.instruction(state)
        assert told["illegal"] is None
    assert told["metrics"] == family.metrics(state)
    again = client.get(f"/api/sessions/{told['id']}").json()
    assert again == {key: value for key, value in told.items() if key != "illegal"}
    assert client.get(told["url"]).status_code == 200


def test_compact_observes_the_choice_and_carries_the_page(world):
    family = WebShop(world, observation="compact")
    row = next(row for row in range(60) if world.product(row).options)
    product = world.product(row)
    state = family.shop.play(family.initial(0), "search[<r>]")
    while f"click[{product.asin.lower()}]" not in family.actions(state):
        state = family.shop.play(state, "click[next >]")
    state = family.shop.play(state, f"click[{product.asin.lower()}]")
    sessions = Sessions(family.shop)
    name = sessions.begin_at(state)
    value = product.options[0][1][0]
    with serve_in_thread(make_app(family, sessions=sessions)) as address, client_of(address) as client:
        told = client.post(f"/api/sessions/{name}/0", json={"action": f"click[{value}]"}).json()
    assert told["observation"] == f"You have clicked {value}."
    assert f"[[{value}]]" in told["page"]


def test_an_illegal_action_is_told(client, begin):
    before = begin("search[lamp]")
    refused = client.post(f"/api/sessions/{before['id']}/1", json={"action": "click[nothing]"})
    assert refused.status_code == 422
    told = refused.json()
    assert "cannot play 'click[nothing]'" in told.pop("illegal")
    assert told == {key: value for key, value in before.items() if key != "illegal"}


def test_after_the_purchase(client, begin):
    told = begin("search[lamp]")
    told = begin("search[lamp]", first_product(told), "click[buy now]")
    path = f"/api/sessions/{told['id']}"
    assert client.post(f"{path}/3", json={"action": "search[lamp]"}).status_code == 409
    assert client.post(f"{path}/2", json={"action": "click[features]"}).status_code == 200  # the back button
    assert client.get(path).json()["terminated"] is False


def test_forks_and_deletion(client, begin):
    told = begin("search[lamp]")
    forked = client.post(f"/api/sessions/{told['id']}/1/fork")
    assert forked.status_code == 201
    fork = forked.json()
    assert fork["id"] != told["id"]
    assert fork["observation"] == told["observation"]
    client.post(f"/api/sessions/{fork['id']}/1", json={"action": "click[next >]"})
    assert client.get(f"/api/sessions/{told['id']}").json()["step"] == 1
    gone = client.delete(f"/api/sessions/{told['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert client.get(f"/api/sessions/{told['id']}").status_code == 404
    assert client.get(f"/api/sessions/{fork['id']}").json()["step"] == 2


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"\xff", 400),
        (b"[" * 60_000, 400),
        (b"[]", 422),
        (b"{}", 422),
        (b'{"action": 1}', 422),
        (b'{"action": "search[a]", "more": 1}', 422),
        (b'{"action": "search[%s]"}' % (b"a" * (LONGEST_ACTION - 8)), 200),
        (b'{"action": "search[%s]"}' % (b"a" * (LONGEST_ACTION - 7)), 422),
        (b'{"action": "%s"}' % (b"a" * 65_536), 413),
        (rb'{"action": "click[\ud800]"}', 422),
    ],
)
def test_bodies(client, begin, body, status):
    told = client.post(
        begin()["url"].replace("/s/", "/api/sessions/"), content=body, headers={"Content-Type": "application/json"}
    )
    assert told.status_code == status
    assert status == 200 or ("error" in told.json()) != ("illegal" in told.json())


@pytest.mark.parametrize("task", ["0", -1, True, None, 1.0, 10**9])
def test_tasks_that_are_not_there(client, family, task):
    told = client.post("/api/sessions", json={"task": task})
    assert (told.status_code, f"expected 0 to {len(family) - 1}" in told.json()["error"]) == (422, True)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/sessions/none", 404),
        ("GET", "/api/sessions/{id}/1", 404),
        ("GET", "/api/sessions/{id}/-1", 404),
        ("GET", "/api/sessions/{id}/" + "9" * 5000, 404),
        ("POST", "/api/sessions/none/0/fork", 404),
        ("DELETE", "/api/sessions/none", 404),
        ("PUT", "/api/sessions/{id}", 405),
        ("GET", "/api/none", 404),
        ("POST", "/api/sessions", 415),
    ],
)
def test_api_errors_are_json(client, begin, method, path, status):
    told = client.request(method, path.format(id=begin()["id"]))
    assert (told.status_code, list(told.json())) == (status, ["error"])


def test_goals_stay_hidden(client, begin, family):
    goal = family.shop.goal(family.initial(0))
    products = [action for action in begin("search[<r>]")["actions"] if re.fullmatch(r"click\[b0\w{8}\]", action)]
    other = next(action for action in products if goal.asin.lower() not in action)
    for actions in ((), ("search[nothingness]",), ("search[<r>]", other), ("search[<r>]", other, "click[buy now]")):
        told = begin(*actions)
        seen = (str({**told, "instruction": ""}) + client.get(told["url"]).text).lower()
        assert goal.asin.lower() not in seen
        assert goal.product_category.lower() not in seen
        assert ("metrics" in told) == told["terminated"] == ("your score" in seen)
        assert told["terminated"] or told["reward"] == 0.0


# Who may ask


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "localhost@evil", "[::2]:1"]
)
def test_other_names_are_refused(client, host):
    told = client.get("/", headers={"Host": host})
    assert (told.status_code, "WebShop" in told.text) == (400, False)


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "LOCALHOST", "[::1]:8123"])
def test_names_of_this_machine_are_not(client, host):
    assert client.get("/", headers={"Host": host}).status_code == 200


def test_any_name_where_others_may_visit(family):
    with serve_in_thread(make_app(family, hosts=None)) as address, client_of(address) as client:
        assert client.get("/", headers={"Host": "shop.example"}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Origin": "{own}", "Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
def test_forms_of_other_sites_are_refused(client, headers, status):
    own = str(client.base_url).rstrip("/")
    sent = {name: value.format(own=own) for name, value in headers.items()}
    assert client.post("/s", data={"task": "0"}, headers=sent).status_code == status


def test_programs_of_other_sites_are_refused(client, begin):
    path = f"/api/sessions/{begin()['id']}"
    evil = {"Origin": "http://evil.example"}
    for told in (client.delete(path, headers=evil), client.post(f"{path}/0/fork", headers=evil), client.options(path)):
        assert told.status_code in (403, 405)
        assert not [name for name in told.headers if name.startswith("access-control")]
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/", "/shop.css", "/api", "/none"])
def test_every_answer_is_guarded(client, path):
    headers = client.get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'; img-src data:;")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "set-cookie" not in headers


def test_forms_are_limited(client, begin):
    url = begin()["url"]
    assert client.post(url, data={"q": "a" * 70_000}).status_code == 413
    assert client.post(url, data={"q": "a" * (LONGEST_ACTION - 7)}).status_code == 422
    assert client.post(url, content=b"q=%ff", headers=FORM).status_code == 400
    assert client.post(url, content=b"&".join([b"q=a"] * 50), headers=FORM).status_code == 400
    assert client.post(url, json={"q": "a"}).status_code == 415


# The server


def test_addresses():
    with listen("127.0.0.1", 0) as one:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", address_of(one))
        with pytest.raises(OSError, match="in use"):
            listen("127.0.0.1", one.getsockname()[1])


def test_a_server_stops_with_its_block(family):
    with serve_in_thread(make_app(family)) as address, client_of(address) as client:
        assert client.get("/api").status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}/api", trust_env=False)


def test_the_environments_do_not_need_the_site():
    code = "import sys, forethought.envs.webshop.family; print({'starlette', 'uvicorn', 'httpx'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
