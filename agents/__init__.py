"""Language models, and the policies and values made of them or of rules."""

from forethought.agents.asker import LMAsker
from forethought.agents.cache import Cached
from forethought.agents.experiment import Experiment, parse_tasks
from forethought.agents.lm import LM, Completion, Request, Sampling, ScoreRequest, Scores
from forethought.agents.lm_value import LMTextValue, LMTokenValue
from forethought.agents.policies import AllActions, LMRank, LMText
from forethought.agents.prompts import Prompt, load_prompt
from forethought.agents.recorded import Recorded, Recording
from forethought.agents.rules import JudgedEndings, RulePolicy, RuleValue
from forethought.agents.scripted import Scripted
from forethought.agents.specs import open_model

__all__ = [
    "LM",
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
    "load_prompt",
    "open_model",
    "parse_tasks",
]
