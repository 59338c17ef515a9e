"""The action in a reply, without the labels, bullets, quotes, Markdown and comments that models put around it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import dropwhile, islice
from typing import NamedTuple

from forethought.agents.readers.admissible import closed, listed, named_in, respaced, unquoted
from forethought.agents.readers.call import read_call
from forethought.agents.readers.marks import QUOTED, seen, untagged, unwrapped
from forethought.agents.readers.reply import (
    ARITHMETIC,
    FENCE,
    MOVE,
    PLAN,
    TAG,
    THOUGHT,
    is_calculation,
    is_preface,
    labelled_move,
    leads,
)

MARKS = r"[*_`#>\s]{0,8}"  # of Markdown
LABEL = re.compile(
    rf"{MARKS}(?:(?:the|my|your|next|best|final|chosen|proposed|suggested|so|therefore|thus|then)[\s,]{{1,3}}){{0,4}}"
    rf"(?:action|move|step|answer|output|response|choice|decision|operation|equation|solution)s?\s{{0,3}}(?:#\s?)?\[?[0-9]{{0,3}}\]?\s{{0,3}}"
    rf"(?:{MARKS}:|(?:is|will\sbe|would\sbe|should\sbe)(?=\s|:)\s{{0,3}}:?){MARKS}",
    re.IGNORECASE,
)
ACTION = re.compile(r"\baction\s{0,3}[0-9]{0,3}\s{0,3}:", re.IGNORECASE)  # behind a thought on the same line
BULLET = re.compile(
    r"(?:[-+*•▪◦‣►▸▹▶○●■□▢–—>→➤✅✔✓☑☐👉]\ufe0f?|#{1,6}|=>|->|[0-9]{1,2}[.)]|\([0-9]{1,2}\)|\[[0-9]{1,2}\]|\(?[a-zA-Z]\)"
    r"|\[[ xX✓✔]?\]|#[0-9]{1,2}[:.)]?|[0-9]\ufe0f?\u20e3|\([ivx]{1,4}\))\s+(?=\S)"
)
PLAYED = re.compile(r"(?:action|move|play|step|answer|do|print)\s?\((.{1,400})\)[.;]?", re.IGNORECASE)
GIVEN = re.compile(r"(?:action|move|step|answer|next_move|next_action)\s{0,3}=\s{0,3}(?=\S)", re.IGNORECASE)
FINAL = re.compile(
    rf"{MARKS}(?:the\s)?final\sanswer(?:\sis)?{MARKS}:{MARKS}(.{{1,400}})|\s{{0,8}}<answer>([^<]{{1,400}})</answer>",
    re.IGNORECASE,
)
ENDING = "finish"  # the verb that such an answer is for, where a family has it
KEYWORD = re.compile(r"\A\s{0,3}[a-z_]{1,20}\s{0,3}[=:]\s{0,3}(?=[\"'“])", re.IGNORECASE)  # of an argument
VERB = re.compile(r"([^\W\d_]{1,40}(?:[ _-][^\W\d_]{1,20})?)\s{0,3}[\[［【]")
NUMBER = re.compile(r"(?<![\w.,])[-−(]{0,2}[0-9]")  # a move within a line may begin with it
GOING_ON = "+-*/×÷−^=("  # in front of a number that belongs to longer arithmetic
SENTENCE_END = re.compile(r"[.!?]$")
COLOUR = re.compile(
    r"\x1b\[[0-9;?]{0,20}[ -/]{0,2}[@-~]|\x1b\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)"
    r"|\\(?:x1[bB]|u001[bB]|033|e)\[[0-9;]{0,20}[mK]"
)  # of a terminal
ESCAPED_LINES = re.compile(r"(?:\\[nrt](?![a-z]{2,}\s?\{)){1,9}")  # in front of an action, written out
LED_IN = re.compile(  # the end of a text in front of an action: "I would not finish[yes]" is none
    r"(?:[.!?:;,–—>*`\"'“(\[{|]|\s-|action\s?[0-9]{0,3}|['’]ll"
    r"|\b(?:is|use|using|try|do|call|play|choose|select|take|with|then|i|will|would|should|could|can|must|to|now|next"
    r"|first|and|so|just|please|me|let['’]s|have|get|compute|calculate|consider|make|perform))$",
    re.IGNORECASE,
)
MOST_LAYERS = 8  # of decoration
MOST_LINES = 500  # of a reply
MOST_PLACES = 20  # of a line, at which a move may begin


class Written(NamedTuple):
    """The thought and the action of a reply."""

    thought: str
    action: str  # empty: the reply has none


def as_it_is(action: str) -> str:
    """The action, unchanged."""
    return action


class Speller:
    """The forms of a family's actions, as far as the admissible ones and its own spelling tell them."""

    def __init__(self, actions: Sequence[str], canonical: Callable[[str], str]) -> None:
        self.actions, self.canonical = actions, canonical
        verbs = (verb for verb, bracket, _ in (action.partition("[") for action in actions) if bracket)
        self.verbs = {verb.casefold(): verb for verb in verbs}
        names = "|".join(map(re.escape, self.verbs))
        self.inside = re.compile(rf"(?<!\w)(?:{names})\s{{0,3}}[\[［【]", re.IGNORECASE)
        self.called = re.compile(
            rf"(?P<verb>{names})\s{{0,3}}(?:[(（{{](?P<inner>.*)[)）}}]|[:：](?P<behind>.+))[.。;]?"
            rf"|<(?P<tag>{names})>(?P<between>.*)</(?P=tag)>",
            re.IGNORECASE,
        )
        self.emphasised = re.compile(
            rf"\$?(?:\\[a-z]{{1,9}}\{{|[*_`]{{1,3}})({names})(?:\}}|[*_`]{{1,3}})(?=\s?\[)", re.IGNORECASE
        )

    def has_form(self, line: str) -> bool:
        """Whether a line is surely an action: of a verb of the family, listed, or spelled in another way."""
        if self.verbs:
            return line.partition("[")[0] in self.verbs.values()
        return line in self.actions or (self.canonical(line) != line and not is_spoken(line))

    def ended(self, line: str) -> str:
        """The action that ends a task with the answer of a line such as "Final Answer: yes"; empty without one."""
        found = FINAL.match(line) if ENDING in self.verbs else None
        answer = bare_text(found[1] or found[2]) if found else ""
        return f"{ENDING}[{answer}]" if answer and not self.has_form(spelled(answer, self)) else ""

    def within(self, line: str, behind: re.Pattern[str]) -> tuple[str, str]:
        """An action within a line, and the text in front of it, which ends with `behind`; both empty if none is."""
        for found in islice((self.inside if self.verbs else NUMBER).finditer(line), MOST_PLACES):
            before, action = line[: found.start()].rstrip(" \\$"), line[found.start() :].lstrip()
            if before and behind.search(before):
                if self.verbs:
                    return before, spelled(action, self)
                if before[-1] not in GOING_ON and self.has_form(action):
                    return before, action
        return "", ""


def is_of_a_kind(text: str, actions: Sequence[str]) -> bool:
    """Whether a text has the form of the admissible actions, lawful or not; where these have none, any text has."""
    if any("[" in action for action in actions):
        return bool(VERB.match(text))
    return not (actions and all(map(ARITHMETIC.search, actions))) or bool(ARITHMETIC.search(text))


def read_action(text: str, actions: Sequence[str], canonical: Callable[[str], str] = as_it_is) -> Written:
    """The first action of a reply, spelled as the admissible `actions` are, and the thoughts in front of it.

    A line of another form is a thought if an action comes behind it, or stands within it.
    """
    speller = Speller(actions, canonical)
    if called := read_call(text, speller.verbs):
        return Written(called.thought, bare(called.action, speller))
    thoughts: list[str] = []
    thought_of = other = Written("", "")  # an action within a thought; the first line that has another form
    led_to = ""  # an action that only a colon follows
    calculates = not speller.verbs and labelled_move(text) >= 0  # in front of the move
    for line in islice(map(seen, COLOUR.sub("", text).splitlines()), MOST_LINES):
        if not line or is_preface(line):
            action = bare(line.rstrip("*_` :"), speller)
            led_to = led_to or (action if action and speller.has_form(action) else "")
            continue
        calculates = calculates and not MOVE.match(line)
        if calculates and is_calculation(line):
            thoughts.append(line)
            continue
        if THOUGHT.match(line):
            thought, label, action = parted(line)
            if label and (action := bare(action, speller)):
                return Written("\n".join([*thoughts, thought]), action)
            before, action = speller.within(line, SENTENCE_END)
            if action and not thought_of.action:
                thought_of = Written("\n".join([*thoughts, before]), action)
        elif PLAN.match(line) and not speller.verbs:
            before, action = speller.within(line, LED_IN)
            if action and not thought_of.action:
                thought_of = Written("\n".join([*thoughts, before]), action)
        else:
            action = speller.ended(line) or bare(line, speller)
            if speller.has_form(action):
                return Written("\n".join(thoughts), action)
            before, found = speller.within(line, LED_IN)
            if found:
                return Written("\n".join(filter(None, [*thoughts, before])), found)
            if action and (not other.action or (leads(other.action) and not is_move(other.action, canonical))):
                other = Written("\n".join(thoughts), action)
        thoughts.append(line)
    if speller.verbs and other.action:
        other = Written(other.thought, named_in(other.action, actions))
    return next(
        (found for found in (thought_of, Written("", led_to), other) if found.action), Written("\n".join(thoughts), "")
    )


def is_spoken(line: str) -> bool:
    """Whether a line is a sentence, in which a move may be said in passing: "Subtract 4 from 10 to get 6."."""
    return line[:1].isalpha() and not ARITHMETIC.search(line)


def is_move(line: str, canonical: Callable[[str], str]) -> bool:
    """Whether the family knows another spelling of a line."""
    return canonical(line) != line


def parted(line: str) -> tuple[str, str, str]:
    """A thought, the label of an action behind it, and that action."""
    found = ACTION.search(line)
    return (line[: found.start()].rstrip(), found[0], line[found.end() :]) if found else (line, "", "")


def bare(line: str, speller: Speller) -> str:
    """One line without its decoration."""
    if "\\[" in line and speller.verbs:
        line = line.replace("\\[", "[").replace("\\]", "]")  # as Markdown escapes them
    for _ in range(MOST_LAYERS):
        if line in speller.actions or (not speller.verbs and speller.has_form(line)):
            return line
        inner = peeled(line)
        if inner == line:
            break
        line = inner
    return spelled(line, speller)


def bare_text(text: str) -> str:
    """A free text without the lines that only lead to it, and without marks around the whole of it."""
    lines = [line for line in map(seen, text.splitlines()) if line and not FENCE.fullmatch(line)]
    said = untagged("\n".join(dropwhile(is_preface, lines)))
    for _ in range(MOST_LAYERS):
        said = unwrapped(said)
    return said


def peeled(line: str) -> str:
    """The line without its outermost label, bullet or pair of marks."""
    line = seen(line)
    if found := ESCAPED_LINES.match(line):
        return seen(line[found.end() :])
    if (inner := unwrapped(line)) != line:
        return inner
    if found := PLAYED.fullmatch(line):
        return seen(found[1])
    for pattern in (LABEL, BULLET, TAG, GIVEN):
        if found := pattern.match(line):
            return seen(line[found.end() :])
    return untagged(line)


def spelled(line: str, speller: Speller) -> str:
    """In the spelling of the family: its verb and nothing behind the bracket, or the listed action it equals."""
    line = called(speller.emphasised.sub(r"\1", line, count=1), speller) if speller.verbs else line
    found = VERB.match(line.lstrip("*_`\"'")) if speller.verbs else None
    name = re.sub("[ _-]", "", found[1]).casefold() if found else ""
    if not found or (name not in speller.verbs and not found[1].isalpha()):
        return listed(line, speller.actions)
    verb, argument = speller.verbs.get(name, name), found.string[found.end() :]
    if found[0][-1] != "[":
        argument = argument.replace("］", "]").replace("】", "]")
    whole, action = f"{verb}[{argument.rstrip()}", respaced(f"{verb}[{closed(argument)}", speller.actions)
    if action != whole and (same := next((a for a in speller.actions if a.casefold() == whole.casefold()), "")):
        return same
    return unquoted(action, verb, speller.actions)


def called(line: str, speller: Speller) -> str:
    """ "Search("August Thomjon")" and "Search: August Thomjon" as "Search[August Thomjon]"."""
    line = line[1:-1] if line.startswith("[") and line.endswith(")]") else line
    found = speller.called.fullmatch(line)
    argument = (found["inner"] or found["behind"] or found["between"] or "") if found else ""
    if not found or speller.inside.search(argument):
        return line
    return f"{found['verb'] or found['tag']}[{KEYWORD.sub('', argument).strip().strip(QUOTED)}]"
