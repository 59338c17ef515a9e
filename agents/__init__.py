"""Language models, and the policies and values made of them or of rules."""

from forethought.agents.asker import LMAsker
from forethought.agents.cache import Cached
from forethought.agents.experiment import Experiment, parse_tasks
from forethought.agents.lm import LM, Completion, Request, Sampling, ScoreRequest, Scores
from forethought.agents.lm_value import LMTextValue, LMTokenValue
from forethought.agents.named import AGENTS, Agent, complete
from forethought.agents.opening import open_model
from forethought.agents.policies import AllActions, LMRank, LMText
from forethought.agents.prompts import Prompt, load_prompt
from forethought.agents.recorded import Recorded, Recording
from forethought.agents.rules import JudgedEndings, RulePolicy, RuleValue
from forethought.agents.scripted import Scripted

__all__ = [
    "AGENTS",
    "LM",
    "Agent",
    "AllActions",
    "Cached",
    "Completion",
    "Experiment",
    "JudgedEndings",
    "LMAsker",
    "LMRank",
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
    "complete",
    "load_prompt",
    "open_model",
    "parse_tasks",
]
