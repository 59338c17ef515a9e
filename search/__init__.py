"""All that the author of a search algorithm, a policy or a value needs: requests, nodes, models, and the algorithms.

The engine that answers the requests is `forethought.search.engine`; its parts, and the rarer names of these modules,
are imported from their modules.
"""

from forethought.search.ab_mcts import ab_mcts
from forethought.search.beam import beam
from forethought.search.best_first import best_first
from forethought.search.best_of_n import best_of_n
from forethought.search.depth_first import depth_first
from forethought.search.dvts import dvts
from forethought.search.engine.budget import Budget
from forethought.search.estimates import Estimate, Proposal, Proposals, Usage
from forethought.search.greedy import greedy
from forethought.search.gumbel import gumbel
from forethought.search.lats import lats
from forethought.search.look_ahead import look_ahead
from forethought.search.mcts import mcts
from forethought.search.models import Policy, Query, Value
from forethought.search.needs import needs
from forethought.search.node import Node
from forethought.search.puct import puct
from forethought.search.rap import rap
from forethought.search.react import react
from forethought.search.reflexion import reflexion
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
    Reward,
    Search,
)
from forethought.search.restarts import restarts
from forethought.search.walk import walk

__all__ = [
    "Ask",
    "Attempt",
    "Budget",
    "Estimate",
    "Evaluate",
    "Expand",
    "ExpandAll",
    "Imagine",
    "Node",
    "Offer",
    "Play",
    "Policy",
    "Proposal",
    "Proposals",
    "Propose",
    "Query",
    "Reward",
    "Search",
    "Usage",
    "Value",
    "ab_mcts",
    "beam",
    "best_first",
    "best_of_n",
    "depth_first",
    "dvts",
    "greedy",
    "gumbel",
    "lats",
    "look_ahead",
    "mcts",
    "needs",
    "puct",
    "rap",
    "react",
    "reflexion",
    "restarts",
    "walk",
]
