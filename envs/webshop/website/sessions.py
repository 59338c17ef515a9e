"""Visits to the shop: many at once, none of which sees another, and never more than a bounded number."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from forethought.envs.webshop.pages import State
from forethought.envs.webshop.rules import Shop


class NotHere(LookupError):
    """A session or a step of one that never was, has expired or was forgotten."""


@dataclass(frozen=True, slots=True)
class Position:
    """A step of a session: where its shopper stands, and the state and the action that led there (none at first)."""

    state: State
    before: State | None = None
    action: str = ""


@dataclass(slots=True)
class Session:
    """The steps of one visitor, and the time of the last request."""

    used: float  # on the clock of its Sessions
    steps: OrderedDict[int, Position] = field(default_factory=OrderedDict)  # in ascending order


class Sessions:
    """At most `limit` sessions, each with its last `history` steps, for `lifetime` seconds after their last use.

    Where a new one needs room, the one used longest ago is dropped. Any number of threads may use it.
    """

    def __init__(
        self,
        shop: Shop,
        limit: int = 1000,
        history: int = 200,
        lifetime: float = 3600.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises ValueError: room for less than one session or step, or for no time."""
        if limit < 1 or history < 1 or not lifetime > 0:
            raise ValueError(f"limit={limit}, history={history} and lifetime={lifetime} must be positive")
        self.shop, self.limit, self.history, self.lifetime, self.clock = shop, limit, history, lifetime, clock
        self.lock = Lock()
        self.sessions: OrderedDict[str, Session] = OrderedDict()  # the one used longest ago first

    def __len__(self) -> int:
        with self.lock:
            self.expire()
            return len(self.sessions)

    def begin(self, goal: int) -> str:
        """The id of a new session; it stands at step 0. Raises ValueError: there is no such goal."""
        if not 0 <= goal < len(self.shop.goals):
            raise ValueError(f"no task {goal}; expected an integer from 0 to {len(self.shop.goals) - 1}")
        return self.begin_at(State(goal))

    def begin_at(self, state: State) -> str:
        """The id of a new session that stands in this state of the shop, at step 0."""
        with self.lock:
            return self.add({0: Position(state)})

    def last(self, name: str) -> int:
        """The number of a session's last step. Raises NotHere."""
        with self.lock:
            return next(reversed(self.find(name).steps))

    def at(self, name: str, step: int) -> Position:
        """Raises NotHere."""
        with self.lock:
            return self.position(name, step)

    def act(self, name: str, step: int, action: str) -> int:
        """Play from any step that is remembered; later steps are forgotten. Returns the new step's number.

        Raises NotHere. Raises Illegal: the action cannot be played there, and nothing has changed.
        """
        here = self.at(name, step)
        after = self.shop.play(here.state, action)
        with self.lock:
            if self.position(name, step) is not here:
                raise NotHere(f"step {step} was played again meanwhile; look at it anew")
            steps = self.sessions[name].steps
            while next(reversed(steps)) > step:
                steps.popitem()
            steps[step + 1] = Position(after, here.state, action)
            if len(steps) > self.history:
                steps.popitem(last=False)
            return step + 1

    def fork(self, name: str, step: int) -> str:
        """A second session at this step; neither is changed by the actions of the other. Raises NotHere."""
        with self.lock:
            self.position(name, step)
            steps = self.sessions[name].steps
            return self.add({number: steps[number] for number in steps if number <= step})

    def delete(self, name: str) -> None:
        """Raises NotHere."""
        with self.lock:
            self.find(name)
            del self.sessions[name]

    # Below, the lock is held by the caller.

    def add(self, steps: dict[int, Position]) -> str:
        """Add a session, and end the oldest one where there are too many; returns its name."""
        self.expire()
        while len(self.sessions) >= self.limit:
            self.sessions.popitem(last=False)
        name = secrets.token_urlsafe(16)
        self.sessions[name] = Session(self.clock(), OrderedDict(steps))
        return name

    def expire(self) -> None:
        """End sessions that were not used for a while."""
        oldest = self.clock() - self.lifetime
        while self.sessions and next(iter(self.sessions.values())).used < oldest:
            self.sessions.popitem(last=False)

    def find(self, name: str) -> Session:
        """The session of a name. Raises NotHere: it never was, or has expired."""
        self.expire()
        session = self.sessions.get(name)
        if session is None:
            raise NotHere("there is no such session; it may have expired: begin another")
        session.used = self.clock()
        self.sessions.move_to_end(name)
        return session

    def position(self, name: str, step: int) -> Position:
        """The position of a step. Raises NotHere: no such step."""
        steps = self.find(name).steps
        if step not in steps:
            raise NotHere(
                f"there is no step {step} in this session; it has {next(iter(steps))} to {next(reversed(steps))}"
            )
        return steps[step]
