"""Language models, and the policies and values made of them or of rules."""

from forethought.agents.heuristics.values import RulePolicy, RuleTerminalValue, RuleValue
from forethought.agents.models.open_model import open_model
from forethought.agents.models.protocol import LM, Completion, Request, Sampling, ScoreRequest, Scores
from forethought.agents.models.recorded import Recorded, Recording
from forethought.agents.models.reply_cache import Cached
from forethought.agents.models.scripted import Scripted
from forethought.agents.policies import AllActions, LMRank, LMText
from forethought.agents.presets import AGENTS, Agent, complete
from forethought.agents.prompts import Prompt, load_prompt
from forethought.agents.responder import LMResponder
from forethought.agents.values import LMTextValue, LMTokenValue

__all__ = [
    "AGENTS",
    "LM",
    "Agent",
    "AllActions",
    "Cached",
    "Completion",
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
    "RuleTerminalValue",
    "RuleValue",
    "Sampling",
    "ScoreRequest",
    "Scores",
    "Scripted",
    "complete",
    "load_prompt",
    "open_model",
]
