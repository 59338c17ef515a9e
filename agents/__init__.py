"""Language models, and the policies and values made of them or of rules."""

from forethought.agents.heuristics.values import RulePolicy, RuleValue
from forethought.agents.judges import EndingsValue, TerminalValue, find_judge
from forethought.agents.models.open_model import open_model
from forethought.agents.models.protocol import LM, Completion, Request, Sampling, ScoreRequest, Scores
from forethought.agents.models.recorded import Recorded, Recording
from forethought.agents.models.reply_cache import Cached
from forethought.agents.models.scripted import Scripted
from forethought.agents.policies import AllActions, ForwardActions, LMRank, LMText
from forethought.agents.presets import AGENTS, Agent, complete
from forethought.agents.prompts import Prompt, load_prompt
from forethought.agents.responder import LMResponder
from forethought.agents.values import LMHeadValue, LMTextValue, LMTokenValue

__all__ = [
    "AGENTS",
    "LM",
    "Agent",
    "AllActions",
    "Cached",
    "Completion",
    "EndingsValue",
    "ForwardActions",
    "LMHeadValue",
    "LMRank",
    "LMResponder",
    "LMText",
    "LMTextValue",
    "LMTokenValue",
    "Prompt",
    "Recorded",
    "Recording",
    "Request",
    "RulePolicy",
    "RuleValue",
    "Sampling",
    "ScoreRequest",
    "Scores",
    "Scripted",
    "TerminalValue",
    "complete",
    "find_judge",
    "load_prompt",
    "open_model",
]
