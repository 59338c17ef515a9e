"""The forms in which a score is stated, over a text without decoration.

"The correctness score is 9", "Grade: 9", "9/10", "the answer is 9", "I would give it a 9". A number has the group
`score` or `percent`, the end of its scale the group `whole`. The repeats are bounded, so that time is linear.
"""

from __future__ import annotations

import re

UNIT = r"(?:points?|pts|stars?|marks?)\b\.?"
NUMBER = (
    r"(?P<score>[-+]?[0-9]{1,20}(?:[.,][0-9]{1,20})?)"
    r"(?![0-9]|[.,][0-9]|\s?(?:%|per\s?cent\b)|\ [0-9]|[eE][-+]?[0-9]|[-•][0-9]"
    r"|\s{0,3}(?:[-+*×÷^]|\bx\b)\s{0,3}[0-9.]{1,9}\s{0,3}(?:=|$))"
)
PERCENT = r"(?P<percent>[-+]?[0-9]{1,20}(?:[.,][0-9]{1,20})?)\s?(?:%|per\s?cent\b)"
OF = (
    rf"(?:\s{{0,9}}{UNIT})?"
    r"(?:\s{0,9}(?:/|out\s{1,9}of|of|on\s{1,3}an?\s{1,3}scale\s{1,3}(?:of|from)\s{1,3}(?:[01]\s{0,3}(?:to|-)\s{0,3})?)\s{0,9}"
    r"(?:(?:an?|the|all)\s{1,3})?(?:(?:total|maximum|max\.?|possible|perfect|full)\s{1,3}(?:score\s{1,3})?(?:of\s{1,3})?){0,2}"
    r"(?P<whole>[0-9]{1,6}(?:\.0{1,6})?)(?![0-9]))?(?!\s?/\s?[0-9])"  # "9/10/2024" is a date
)
FILLER = (
    r"(?:approximately|approx\.?|about|around|roughly|therefore|thus|then|now|probably|likely|only|just|at\s{1,3}least"
    r"|solid|strong|clear|maybe|perhaps|at\s{1,3}most|still|also|set\s{1,3}to|equal\s{1,3}to|exactly|an?|the|out\s{1,3}of\s{1,3}10\s{0,9}[:=])"
)
IS = r"(?:is|was|are|(?:would|will|should)\s{1,3}be|be|of|equals?|[:=]|-+>|=>|→|⇒|at|as)"
DASH = r"(?:-{1,3}\s{1,9}|•\s{0,9})"
STATED = (
    rf"\s{{0,24}}(?:(?:{IS}|{FILLER})(?![a-z])\s{{0,24}}|{DASH}|(?<=[a-z])-+(?=[0-9])){{0,6}}(?:{PERCENT}|{NUMBER}{OF})"
)
COPULA = r"(?:\b(?:is|are|was|be|equals?)\b|[:=→])"
BETWEEN = rf"(?:(?!{COPULA})[^.\n]){{0,80}}?"  # "score of this state"
SCORE = r"\b(?:scor(?:e|ing)|rating)s?\b"
CORRECTNESS = re.compile(rf"\bcorrectness[\s-]{{1,9}}scores?\b(?:{BETWEEN}(?={COPULA}))?{STATED}", re.IGNORECASE)
# A number behind these is a score only where nothing is calculated or counted with it. Two blanks were a mark.
OVER = (
    r"(?=\s{2,9}[a-zA-Z]|\s{0,9}(?:\Z|\n|[.,;!?](?:\s|\Z)(?!\s{0,3}[0-9])|[-•→]{1,3}\s{0,3}[^\s0-9]"
    r"|(?:because|since|as|for|given|due|here|overall|in\s{1,3}total|to\s{1,3}(?:it|this|that))\b))"
)
BEGIN = (
    r"(?:(?<=[\n.,;!?:→•{])|\A)[\s#+•>0-9.-]{0,9}(?:\b(?:so|thus|hence|therefore|and|i\s{1,3}d\s{1,3}say),?\s{1,9})?"
)
BEGIN += (
    r"(?:\b(?:the|my|its|this|your|an?|final|overall|total|estimated|suggested|assigned|numeric(?:al)?|state|position"
    r"|node)\s{1,9}){0,3}"
)
LABEL = r"(?:correctness|grade|evaluation|assessment|verdict|marks?|points?|quality|judge?ment|final|overall|promise)"
ANSWER = r"(?:answer|value|estimate|result|output|total)"
LABELED = rf"\b(?:{BETWEEN}(?=[:=→]))?{STATED}\s{{0,9}}(?:{UNIT})?{OVER}"
SCORES = rf"{SCORE}(?:{BETWEEN}(?={COPULA}))?{STATED}"
ANY_SCORE = (re.compile(SCORES, re.IGNORECASE), re.compile(rf"{BEGIN}{LABEL}{LABELED}", re.IGNORECASE))
ANSWERS = re.compile(rf"{BEGIN}{ANSWER}{LABELED}", re.IGNORECASE)
BOXED = re.compile(rf"\\boxed\s{{0,4}}[{{\s$]{{1,9}}{NUMBER}{OF}[\s$]{{0,9}}\}}")
STATE = (
    r"(?:(?:current|new|last|above|proposed)\s{1,3})?"
    r"(?:state|position|node|move|step|path|plan|trajectory|action|answer|solution|attempt|one)"
)
IT = rf"(?:it|this|that|them|(?:this|that|the|these)\s{{1,3}}{STATE})\s{{1,3}}"
A = (
    r"(?:(?:as|at|with|an?|the|to\s{1,3}be|of|about|around|roughly|maybe|perhaps|probably|solid|strong|clear|score"
    r"|rating|grade)\s{1,3}){0,5}"
)
VERB = (
    r"(?:give|gave|rated?|scored?|graded?|assign(?:ed)?|award(?:ed)?|say|put|go\s{1,3}(?:with|for)|estimate|evaluate"
    r"|judge)"
)
GIVER = (
    r"\bi\s{1,3}(?:(?:d|ll|m|would|will|can|must|shall|should)\s{1,3})?"
    r"(?:(?:therefore|thus|personally|probably|only|still)\s{1,3})?"
)
EARNS = r"\b(?:deserve|earn|merit|get|warrant|receive)s?\s{1,3}"
GIVEN = re.compile(
    rf"(?:{GIVER}{VERB}\s{{1,3}}(?:{IT})?{A}|{EARNS}(?:an?|the)\s{{1,3}}(?:solid|strong|clear|full|high|low)?\s{{0,3}}"
    rf"|{EARNS}(?=[0-9.]{{1,5}}\s{{1,3}}{UNIT})|\bscale\s{{1,3}}(?:of|from)\s{{1,3}}[01]\s{{0,3}}(?:to|-)\s{{0,3}}10\s{{0,3}}[:=])\s{{0,3}}{NUMBER}{OF}{OVER}",
    re.IGNORECASE,
)
RATED = re.compile(
    r"\b(?:rat(?:e|ing)|(?:deserve|earn|merit|get|warrant|receive)s?|give\s{1,3}(?:it|this)|say|assign|correctness"
    r"|overall|solid|strong|(?:it|this|that)\s{1,3}(?:is|s))\b"
    rf"(?:(?!\bnot\b|n\st\b)[^.\n0-9]){{0,60}}?{NUMBER}(?:\s{{0,9}}{UNIT})?"
    r"\s{0,9}(?:/|out\s{1,9}of)\s{0,9}(?:an?\s{1,3}possible\s{1,3})?(?P<whole>10(?:\.0{1,6})?)(?![0-9]|\s?/\s?[0-9])",
    re.IGNORECASE,
)
HASHED = re.compile(rf"(?:\A|\n)\s{{0,3}}####\s{{0,3}}{NUMBER}{OF}\s{{0,3}}(?=\Z|\n)")  # as answers of GSM8K end
NO_SCORE = (
    r"(?:\bnot\b|n[' ]t\b|\b(?:(?:un)?c(?:onfiden|ertain)|difficult|complex|risk|max|min|previous|prior|earlier|old"
    r"|threshold|target|average|baseline))"
)
SHORT = re.compile(  # "Probably a 9 out of 10." as a whole reply
    rf"(?!.*{NO_SCORE})[^0-9\n]{{0,60}}{NUMBER}\s{{0,3}}(?:/|out\s{{1,3}}of)\s{{0,3}}(?P<whole>10)[^0-9\n]{{0,40}}",
    re.IGNORECASE,
)
ALONE = re.compile(rf"\s{{0,99}}(?:{PERCENT}|{NUMBER}{OF})(?:\s{{0,9}}{UNIT})?\s{{0,9}}\.?\s{{0,99}}", re.IGNORECASE)
FIRST = re.compile(
    rf"\A\s{{0,99}}{NUMBER}{OF}(?:\s{{0,9}}{UNIT})?"
    r"(?=\s{0,9}(?:\n|[-•→]{1,3}\s{0,3}[^\W\d])|,?\s{1,3}(?:because|since|as|for|given)\b)",
    re.IGNORECASE,
)  # the reasons may stand behind
OTHER = re.compile(  # "confidence score" and "maximum score" are other numbers
    r"\b(?:(?:un)?confiden(?:ce|t)|(?:un)?certainty|difficulty|complexity|risk|max(?:imum)?|min(?:imum)?|highest|lowest"
    r"|possible|achievable|previous|prior|earlier|old|threshold|passing|target|goal|average|baseline|reference)"
    r"(?:\s{1,3}(?:possible|achievable|level|in|of|about|for|this|that|the|my|its|correctness)){0,3}\s{0,9}\Z",
    re.IGNORECASE,
)
AWARDED = re.compile(r"\b(?:give|assign|award|deserve|get|earn|receive|merit|warrant)s?\b[^.\n]{0,40}\Z", re.IGNORECASE)
