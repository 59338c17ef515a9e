"""The steps of an algorithm: from one paid request to the next, the free requests between them served at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from forethought.search.engine.budget import Budget
from forethought.search.engine.errors import another_run, begun, check_nodes, explained, no_request
from forethought.search.engine.growth import play
from forethought.search.engine.handlers.handler import RequestHandler
from forethought.search.engine.privileges import require
from forethought.search.engine.step_limit import StepInterrupt, StepLimit
from forethought.search.engine.task_search import TaskSearch, checked_answer, checked_path, episode_return
from forethought.search.estimates import NO_USAGE
from forethought.search.node import Node
from forethought.search.requests import Attempt, Offer, Play, Reward


class Steps:
    """Runs the code of algorithms. An error in this code, or in its requests, is the error of its task alone."""

    def __init__(
        self,
        paid: Mapping[type, RequestHandler[Any, Any]],
        budget: Budget,
        granted: frozenset[str],
        limit: StepLimit,
    ) -> None:
        self.paid, self.budget, self.granted, self.limit = paid, budget, granted, limit
        self.free: Mapping[type, Callable[[TaskSearch, Any], Any]] = {
            Offer: self._offer,
            Attempt: self._attempt,
            Play: self._play,
            Reward: self._reward,
        }

    def watching(self) -> AbstractContextManager[None]:
        """The time of steps is limited while the block runs."""
        return self.limit.watching()

    def begin(self, search: TaskSearch, algorithm: Callable[[Any], Any]) -> None:
        """Call the algorithm, and take its first step."""

        def call() -> None:
            search.generator = begun(algorithm(search.root))

        self._limited(search, call)
        if search.error is None:
            self.advance(search, None)

    def advance(self, search: TaskSearch, answer: Any) -> None:
        """Give the algorithm an answer, and serve its requests up to the next one that a model has to answer."""
        limit = self.limit
        try:
            limit.enter()
            try:
                self._serve(search, answer)
            finally:
                limit.leave()
        except StepInterrupt as interrupt:
            search.error = limit.catch(interrupt)

    def _serve(self, search: TaskSearch, answer: Any) -> None:
        assert search.generator is not None
        send, paid, free, task, request = search.generator.send, self.paid, self.free, search.task, None
        try:
            while True:
                request = None  # an error of the algorithm itself is about no request
                request = send(answer)
                kind = type(request)
                if (handler := paid.get(kind)) is not None:
                    check_nodes(request, task)
                    if handler.needs_model(request):
                        search.request, search.handler = request, handler
                        return
                    answer = handler.free_answer(request)
                elif (serve := free.get(kind)) is not None:
                    answer = serve(search, request)
                    if search.stopped is not None:
                        return
                else:
                    raise no_request(request)
        except StopIteration as end:
            self._return(search, end.value)
        except Exception as error:
            search.error = explained(error, request)

    def _return(self, search: TaskSearch, answer: Any) -> None:
        """The algorithm has ended by itself. Raises JournalError: the journal goes on."""
        if search.recorded:
            raise another_run(search, f"is {search.recorded[0][0]!r} there, and the search has ended")
        try:
            search.offer(answer)
            search.end("cap" if search.root.capped else "returned")
        except (TypeError, ValueError) as error:
            search.error = error

    def stop(self, search: TaskSearch, reason: str) -> None:
        """End a search by a limit: the offer that stands is its answer."""
        self.close(search)
        try:
            search.end(reason)
        except ValueError as error:
            search.error = search.error or error

    def close(self, search: TaskSearch) -> None:
        """Let the algorithm clean up; its first error counts."""
        if search.generator is not None:
            self._limited(search, search.generator.close)

    def _limited(self, search: TaskSearch, call: Callable[[], None]) -> None:
        """Run code of the algorithm that is no step, in the time of one."""
        try:
            self.limit.enter()
            try:
                call()
            finally:
                self.limit.leave()
        except StepInterrupt as interrupt:
            search.error = search.error or self.limit.catch(interrupt)
        except Exception as error:
            search.error = search.error or error

    def _offer(self, search: TaskSearch, request: Offer) -> None:
        search.offer(request.node)

    def _attempt(self, search: TaskSearch, request: Attempt) -> None:
        search.attempts.append(checked_path(checked_answer(request.node, search.task), search.root))

    def _play(self, search: TaskSearch, request: Play) -> Node | None:
        check_nodes(request, search.task)
        if (reason := self.budget.blocks(search.spent, 1, 1, NO_USAGE)) is not None:
            self.stop(search, reason)  # a resume comes to the same end by itself: nothing to journal
            return None
        if (child := play(request, search.spent)) is not None:
            self.limit.enter()  # the budget bounds the children, so that each may have the time of a step
        return child

    def _reward(self, search: TaskSearch, request: Reward) -> float:
        require("reward", self.granted)
        node = checked_path(checked_answer(request.node, search.task), search.root)
        reward, replayed = episode_return(node)
        search.spent.replayed_steps += replayed
        return reward
