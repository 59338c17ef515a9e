"""Search as plain code that yields its questions, and the driver that answers them."""

from forethought.search.ab_mcts import ab_mcts
from forethought.search.beam import beam
from forethought.search.best_first import best_first
from forethought.search.best_of_n import best_of_n
from forethought.search.depth_first import depth_first
from forethought.search.dvts import dvts
from forethought.search.engine.budget import Budget, Ledger
from forethought.search.engine.driver import Algorithm, Driver, PrivilegeError
from forethought.search.engine.journal import Journal, JournalError
from forethought.search.engine.journal_parts import PastJournal
from forethought.search.engine.results import result
from forethought.search.engine.task_search import TaskSearch, episode_return
from forethought.search.engine.tree_dump import digest, dump
from forethought.search.estimates import NO_USAGE, Estimate, Proposal, Proposals, Reply, Usage
from forethought.search.greedy import greedy
from forethought.search.gumbel import gumbel
from forethought.search.lats import lats
from forethought.search.mcts import mcts
from forethought.search.models import Bounded, Policy, PromptRequest, Query, Responder, Value, is_remote, wasted_usage
from forethought.search.needs import PRIVILEGES, Needs, needs
from forethought.search.node import TERMINAL, Context, Node, by_terminal_then_value, by_value
from forethought.search.puct import puct
from forethought.search.rap import rap
from forethought.search.react import react
from forethought.search.reflexion import reflexion
from forethought.search.registry import ALGORITHMS, algorithm
from forethought.search.requests import (
    Ask,
    Attempt,
    Evaluate,
    Expand,
    ExpandAll,
    Imagine,
    Offer,
    Play,
    Propose,
    Request,
    Reward,
    Search,
)
from forethought.search.restarts import restarts
from forethought.search.walk import walk

__all__ = [
    "ALGORITHMS",
    "NO_USAGE",
    "PRIVILEGES",
    "TERMINAL",
    "Algorithm",
    "Ask",
    "Attempt",
    "Bounded",
    "Budget",
    "Context",
    "Driver",
    "Estimate",
    "Evaluate",
    "Expand",
    "ExpandAll",
    "Imagine",
    "Journal",
    "JournalError",
    "Ledger",
    "Needs",
    "Node",
    "Offer",
    "PastJournal",
    "Play",
    "Policy",
    "PrivilegeError",
    "PromptRequest",
    "Proposal",
    "Proposals",
    "Propose",
    "Query",
    "Reply",
    "Request",
    "Responder",
    "Reward",
    "Search",
    "TaskSearch",
    "Usage",
    "Value",
    "ab_mcts",
    "algorithm",
    "beam",
    "best_first",
    "best_of_n",
    "by_terminal_then_value",
    "by_value",
    "depth_first",
    "digest",
    "dump",
    "dvts",
    "episode_return",
    "greedy",
    "gumbel",
    "is_remote",
    "lats",
    "mcts",
    "needs",
    "puct",
    "rap",
    "react",
    "reflexion",
    "restarts",
    "result",
    "walk",
    "wasted_usage",
]
