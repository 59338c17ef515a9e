"""The kinds of answers, by the nouns of questions, and words at the beginning of no name."""

from __future__ import annotations

from functools import lru_cache

from forethought.agents.heuristics.hotpotqa.words import REMEMBERED

KIND_TEXT = {
    "year": "year decade",
    "date": "date birthday birthdate day month",
    "number": "number population total amount count seats capacity age height length distance percentage depth area",
    "nation": "nationality",
    "place": """
        city town country state county village place location region province island district continent borough
        municipality hometown birthplace capital community suburb neighborhood neighbourhood territory nation
    """,
    "person": """
        person man woman people individual guy lady king queen prince princess president spouse wife husband father
        mother son daughter brother sister cousin uncle aunt governor mayor captain coach poet star guest celebrity
        founder scientist chef pope saint general architect
    """,
}
KINDS = {noun: kind for kind, nouns in KIND_TEXT.items() for noun in nouns.split()}
PERSONAL = ("or", "er", "ist", "ian", "ress", "man", "woman", "eur", "ant")  # singer, director, pianist, actress
IMPERSONAL_TEXT = """
    war character river order chapter theater theatre paper newspaper center centre career letter quarter museum winter
    summer computer poster plant restaurant color colour flavor power tower cover gender member sector error tour floor
    door factor peer former other water matter manner border danger offer layer quarter
"""
IMPERSONAL = frozenset(IMPERSONAL_TEXT.split())
VERB_TEXT = "is are was were do does did has have had can could will would should isn't aren't wasn't weren't"
VERBS = frozenset(VERB_TEXT.split())
# Words at the beginning of a sentence, or at the end of a phrase, and at the beginning of no name.
STARTER_TEXT = """
    what which who whom whose when where why how in on at for of from by between among both this that these those during
    after before to with and or if as while although not name out since there its his her their the a an he she it they
    you i be been being made make makes called known named born won wrote played plays served began became came come
    comes took take takes ran stars starred featured released published about
    through into near over under across flows lies runs stands holds contains lives works goes
"""
STARTERS = VERBS | frozenset(STARTER_TEXT.split())
# Names of no pages, mostly, where they stand alone.
ROLE_TEXT = """
    chief operating executive officer president vice presidential senator prime minister ministers governor king queen
    mayor chairman director general secretary captain professor ceo senate congressman congress emperor duke earl
"""
ROLES = frozenset(ROLE_TEXT.split())


@lru_cache(REMEMBERED)
def kind_of_noun(noun: str) -> str:
    """The kind of thing that a noun names, in the singular or the plural; "thing" for an unknown noun."""
    noun = noun.lower()
    for form in (noun, noun.removesuffix("s"), noun[:-3] + "y" if noun.endswith("ies") else noun):
        if form in KINDS:
            return KINDS[form]
        if form.endswith(PERSONAL) and form not in IMPERSONAL and len(form) > 4:
            return "person"
    return "thing"
