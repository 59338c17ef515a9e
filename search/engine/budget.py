"""The limits of a search, and the ledger of its spending."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from math import inf

from forethought.envs import Json
from forethought.search.estimates import NO_USAGE, Usage


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits; None is no limit, and at least one is set.

    `nodes` (created children), `env_steps` (refused ones too, those played again not), `lm_calls` and `tokens`
    (prompt and completion) hold for each task: the worst case is reserved before a model is asked, so they are
    never exceeded. `usd` (the price of the answers without a cache) and `seconds` hold for the whole run and only
    stop it: the place is journaled, and depends on the other tasks. Dollars are reserved at the worst case too.

    Raises ValueError: no limit, or one that is not positive.
    """

    nodes: int | None = None
    env_steps: int | None = None
    lm_calls: int | None = None
    tokens: int | None = None
    usd: float | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        limits = self.limits()
        if not limits:
            raise ValueError("a budget needs a limit; give at least one, as in nodes=500")
        for name, limit in limits.items():
            if name not in ("usd", "seconds") and (isinstance(limit, bool) or not isinstance(limit, int)):
                raise ValueError(f"the budget {name}={limit!r} is no whole number")
            if not 0 < limit < inf:
                raise ValueError(f"the budget {name}={limit} is no positive number")

    def limits(self) -> dict[str, int | float]:
        """The limits that hold, by name."""
        return {name: limit for name, limit in asdict(self).items() if limit is not None}

    @classmethod
    def parse(cls, text: str) -> Budget:
        """From "nodes=500,tokens=20000". Raises ValueError: an unknown name, or a value that is no number."""
        known = {f.name for f in fields(cls)}
        limits: dict[str, int | float] = {}
        for part in text.split(","):
            name, equals, amount = part.strip().partition("=")
            if not equals or name not in known:
                raise ValueError(
                    f"cannot read the budget {part.strip()!r}; write NAME=LIMIT, NAME one of {', '.join(sorted(known))}"
                )
            if name in limits:
                raise ValueError(f"the budget {text!r} has two limits of {name}; give one")
            try:
                limits[name] = float(amount) if name in ("usd", "seconds") else int(amount)
            except ValueError as error:
                raise ValueError(f"the budget {name}={amount!r} is no number") from error
        return cls(**limits)  # type: ignore[arg-type]  # names and types were checked above

    def blocks(self, spent: Ledger, nodes: int, steps: int, usage: Usage) -> str | None:
        """The first limit that so many more children, steps and `usage` could exceed."""
        if self.nodes is not None and spent.nodes + nodes > self.nodes:
            return "nodes"
        if self.env_steps is not None and spent.env_steps + steps > self.env_steps:
            return "env_steps"
        if usage is NO_USAGE:
            return None
        if self.lm_calls is not None and spent.usage.calls + usage.calls > self.lm_calls:
            return "lm_calls"
        if self.tokens is not None and spent.usage.tokens + usage.tokens > self.tokens:
            return "tokens"
        return None


def check_bound(used: Usage, bound: Usage) -> None:
    """Raises RuntimeError: an answer cost more than its model said beforehand, so more than was reserved."""
    if used is not NO_USAGE and (used.calls > bound.calls or used.tokens > bound.tokens):
        raise RuntimeError(
            f"an answer cost {used.calls} calls and {used.tokens} tokens, and the worst case of its model was "
            f"{bound.calls} calls and {bound.tokens} tokens; correct the model's worst_case_usage()"
        )


@dataclass(slots=True)
class Ledger:
    """The spending of one task. `replayed_steps` were repeated to reach a state again; `roles` splits `usage`.

    `usd` is None in a run that was given no prices.
    """

    nodes: int = 0
    env_steps: int = 0
    replayed_steps: int = 0
    illegal_actions: int = 0
    evaluations: int = 0
    usage: Usage = NO_USAGE
    roles: dict[str, Usage] = field(default_factory=dict)
    usd: float | None = None

    def charge(self, role: str, usage: Usage) -> None:
        """Add a usage to the sum and to its role."""
        self.usage = self.usage + usage
        self.roles[role] = self.roles.get(role, NO_USAGE) + usage

    def to_json(self) -> dict[str, Json]:
        """The counts, and the usage of each role, as JSON."""
        counts: dict[str, Json] = {name: getattr(self, name) for name in COUNTS}
        roles: dict[str, Json] = {role: asdict(usage) for role, usage in sorted(self.roles.items())}
        return {
            **counts,
            "lm_calls": self.usage.calls,
            "tokens": self.usage.tokens,
            "parse_failures": self.usage.parse_failures,
            "truncated": self.usage.truncated,
            "refused": self.usage.refused,
            "assumed": self.usage.assumed,
            **({} if self.usd is None else {"usd": self.usd}),
            "roles": roles,
        }


COUNTS = ("nodes", "env_steps", "replayed_steps", "illegal_actions", "evaluations")
