"""The shop as a website, for people and browsers, and as a JSON API, for programs of any language."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from forethought.envs.family import Illegal, shorten
from forethought.envs.webshop.family import WebShop
from forethought.envs.webshop.html import page_html, template_source, templates
from forethought.envs.webshop.website.connections import Connections, bind, room, seldom
from forethought.envs.webshop.website.security import JSON, LOOPBACK, Guard, read_form, read_json
from forethought.envs.webshop.website.sessions import NotHere, Sessions

LONGEST_ACTION = 2_000  # characters
STARTUP = 10.0  # seconds


def make_app(
    family: WebShop,
    *,
    sessions: Sessions | None = None,
    hosts: Collection[str] | None = LOOPBACK,
    home: bool = True,
) -> Starlette:
    """The site of a family. It answers under the names in `hosts` only, or under any if that is None.

    With `home`, the mark on each page leads to where a person begins a task.
    """
    site = Site(family, Sessions(family.shop) if sessions is None else sessions, home)
    return Starlette(
        routes=[
            Route("/", site.start),
            Route("/shop.css", style),
            Route("/s", site.begin, methods=["POST"]),
            Route("/s/{id}", site.latest),
            Route("/s/{id}/{n}", site.show),
            Route("/s/{id}/{n}", site.press, methods=["POST"]),
            Route("/api", site.about),
            Route("/api/sessions", site.api_begin, methods=["POST"]),
            Route("/api/sessions/{id}", site.api_show),
            Route("/api/sessions/{id}", site.api_delete, methods=["DELETE"]),
            Route("/api/sessions/{id}/{n}", site.api_show),
            Route("/api/sessions/{id}/{n}", site.api_act, methods=["POST"]),
            Route("/api/sessions/{id}/{n}/fork", site.api_fork, methods=["POST"]),
        ],
        middleware=[Middleware(Guard, hosts=hosts)],
        exception_handlers={HTTPException: refuse, NotHere: missing},
    )


class Site:
    """The answers. A session's page shows the instruction and never the goal behind it."""

    def __init__(self, family: WebShop, sessions: Sessions, home: bool) -> None:
        self.family, self.shop, self.sessions, self.home = family, family.shop, sessions, home

    # Pages

    async def start(self, request: Request) -> Response:
        """Where a person begins a task; no page of the environment."""
        splits = {name: len(tasks) for name, tasks in self.family.splits.items()}
        page = templates().get_template("start.html")
        return HTMLResponse(
            page.render(title="Begin", base=base(request), home="", notice="", tasks=len(self.family), splits=splits)
        )

    async def begin(self, request: Request) -> Response:
        """Begin a session, and show its first page."""
        form = await read_form(request)
        text = form.get("task", "")
        task = self.choose(int(text) if text.isdecimal() and len(text) < 10 else text, form.get("split") or None)
        return see(request, self.sessions.begin(task), 0)

    async def latest(self, request: Request) -> Response:
        """Show the last page of a session."""
        name = request.path_params["id"]
        return see(request, name, self.sessions.last(name))

    async def show(self, request: Request) -> Response:
        """Show the page of one step."""
        state = self.sessions.at(request.path_params["id"], number(request)).state
        notice, root = "", base(request)
        if "refused" in request.query_params:
            notice = "That cannot be done here."
            try:
                self.shop.play(state, request.query_params["refused"])
            except Illegal as error:
                notice = str(error)
        home = f"{root}/" if self.home else ""
        return HTMLResponse(page_html(self.shop, state, base=root, home=home, notice=notice))

    async def press(self, request: Request) -> Response:
        """A button of a page (`action`) or its search (`q`)."""
        name, step = request.path_params["id"], number(request)
        form = await read_form(request)
        action = f"search[{form['q']}]" if "q" in form else form.get("action", "")
        try:
            return see(request, name, self.sessions.act(name, step, checked(action)))
        except Illegal:
            return see(request, name, step, {"refused": action[:200]})

    # API

    async def about(self, request: Request) -> Response:
        """The description of the shop, as JSON."""
        splits = {name: [tasks.start, tasks.stop] for name, tasks in self.family.splits.items()}
        return answer(
            {
                "name": self.family.name,
                "world": self.family.world,
                "observation": self.family.observation,
                "tasks": len(self.family),
                "splits": splits,
            }
        )

    async def api_begin(self, request: Request) -> Response:
        """Begin a session, as JSON."""
        data = await read_json(request, {"task", "split"})
        name = self.sessions.begin(self.choose(data.get("task"), data.get("split")))
        return answer(self.told(request, name, 0), 201)

    async def api_show(self, request: Request) -> Response:
        """A step of a session, as JSON."""
        name = request.path_params["id"]
        step = number(request) if "n" in request.path_params else self.sessions.last(name)
        return answer(self.told(request, name, step))

    async def api_act(self, request: Request) -> Response:
        """A text the rules refuse changes nothing: status 422, and why is told in `illegal`."""
        name, step = request.path_params["id"], number(request)
        action = (await read_json(request, {"action"})).get("action")
        if not isinstance(action, str):
            raise HTTPException(422, '"action" is missing or no text; expected such as {"action": "search[lamp]"}')
        if self.sessions.at(name, step).state.bought and not self.shop.quirks:
            raise HTTPException(
                409, "the episode has ended with the purchase; begin another, or go on from a step before"
            )
        try:
            step = self.sessions.act(name, step, checked(action))
        except Illegal as error:
            return answer({**self.told(request, name, step), "illegal": str(error)}, 422)
        return answer({**self.told(request, name, step), "illegal": None})

    async def api_fork(self, request: Request) -> Response:
        """Begin another session at a step, as JSON."""
        step = number(request)
        name = self.sessions.fork(request.path_params["id"], step)
        return answer(self.told(request, name, step), 201)

    async def api_delete(self, request: Request) -> Response:
        """End a session."""
        self.sessions.delete(request.path_params["id"])
        return Response(status_code=204)

    def told(self, request: Request, name: str, step: int) -> dict[str, Any]:
        """The facts about a step for programs: the same as from `reset` and `step` of the environment."""
        here = self.sessions.at(name, step)
        state = here.state
        page = self.family.show(state)
        told: dict[str, Any] = {
            "id": name,
            "step": step,
            "task": state.goal,
            "instruction": self.family.instruction(state),
            "url": f"{str(request.base_url).rstrip('/')}/s/{name}/{step}",
            "observation": self.family.answer(here.before, here.action, state) if here.before else page,
            "page": page,
            "actions": self.family.actions(state),
            "reward": self.shop.score(state).reward if state.bought else 0.0,
            "terminated": state.bought,
        }
        return {**told, "metrics": self.family.metrics(state)} if state.bought else told

    def choose(self, task: object, split: object) -> int:
        """The `task`-th of a split, or of all. Raises HTTPException."""
        if split is not None and (not isinstance(split, str) or split not in self.family.splits):
            expected = ", ".join(self.family.splits)
            raise HTTPException(422, f"there is no split {shorten(str(split))}; expected one of {expected}, or none")
        tasks = range(len(self.family)) if split is None else self.family.splits[str(split)]
        if isinstance(task, bool) or not isinstance(task, int) or not 0 <= task < len(tasks):
            raise HTTPException(422, f"there is no task {shorten(str(task))}; expected 0 to {len(tasks) - 1}")
        return tasks[task]


def base(request: Request) -> str:
    """The prefix of the site's own paths where it is mounted in another application."""
    return str(request.scope.get("root_path", ""))


def number(request: Request) -> int:
    """The step in the address. Raises HTTPException 404: no step."""
    text = request.path_params["n"]
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise HTTPException(404, f"{shorten(text)} is no step; steps are counted from 0")
    return int(text)


def checked(action: str) -> str:
    """The action of a request. Raises HTTPException 422: it is too long."""
    if len(action) > LONGEST_ACTION:
        raise HTTPException(422, f"the action has {len(action)} characters; expected at most {LONGEST_ACTION}")
    return action


def see(request: Request, name: str, step: int, query: dict[str, str] | None = None) -> Response:
    """A redirection to the page of a step."""
    address = f"{base(request)}/s/{name}/{step}"
    return RedirectResponse(f"{address}?{urlencode(query, errors='replace')}" if query else address, 303)


def answer(data: dict[str, Any], status: int = 200) -> Response:
    """JSON in ASCII: texts of the shop may hold characters that UTF-8 cannot encode."""
    return Response(json.dumps(data), status, media_type=JSON)


async def style(request: Request) -> Response:
    """The style sheet."""
    return Response(template_source("shop.css"), media_type="text/css")


async def refuse(request: Request, error: Exception) -> Response:
    """The page, or the JSON, of an error."""
    assert isinstance(error, HTTPException), "registered for nothing else"
    if request.url.path.startswith(f"{base(request)}/api"):
        response = answer({"error": error.detail}, error.status_code)
    else:
        page = templates().get_template("error.html")
        text = page.render(
            title=error.status_code, base=base(request), home=f"{base(request)}/", notice="", error=error
        )
        response = HTMLResponse(text, error.status_code)
    response.headers.update(error.headers or {})
    return response


async def missing(request: Request, error: Exception) -> Response:
    """The answer to a request for a session or a step that is not there."""
    return await refuse(request, HTTPException(404, str(error)))


def listen(host: str, port: int) -> socket.socket:
    """A socket that waits for visitors; port 0 is any free one. Raises OSError: it is taken, or not of this machine."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family)
    # Answers go out in two pieces; without this the second waits for the visitor's delayed acknowledgement, 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # connections inherit it
    return listener


def address_of(listener: socket.socket) -> str:
    """The address of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Answer until interrupted."""
    with seldom():
        server(app).run(sockets=[listener])


def server(app: ASGIApp) -> uvicorn.Server:
    """A server that holds no more connections than the process may open files."""
    most, waiting = room()
    config = uvicorn.Config(
        app, log_level="warning", lifespan="off", server_header=False, timeout_graceful_shutdown=1, backlog=waiting
    )
    bind(config, Connections(most))
    return uvicorn.Server(config)


@contextmanager
def serve_in_thread(app: ASGIApp) -> Iterator[str]:
    """Answer in the background, on a free port of this machine; gives the address, without a slash at its end."""
    with listen("127.0.0.1", 0) as listener, seldom():
        running = server(app)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            give_up = time.monotonic() + STARTUP
            while not running.started:
                if not thread.is_alive() or time.monotonic() > give_up:
                    raise RuntimeError("the server did not start")
                time.sleep(0.005)
            yield address_of(listener)
        finally:
            running.should_exit = True
            thread.join()
