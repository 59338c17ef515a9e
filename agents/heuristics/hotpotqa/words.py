"""The words of a text that count, spelled so that words of one meaning are equal."""

from __future__ import annotations

from functools import lru_cache

from forethought.envs.ranking.analysis import terms

REMEMBERED = 4096  # texts, about 40 MB
LONGEST = 20_000  # characters of a text that are read; an honest observation has a few hundred

# Words of the form of a question, not of its subject.
IDLE_TEXT = """
    about after all also am among an any anyone are as been before being between both but by can could did do does each
    either for from had has have having he her hers him his how i if in into is it its itself made me more most my name
    named names of on one or other our out over same she should since so some such than that the their them then there
    these they this those to under until up was we were what when where which while who whom whose why will with would
    you your s called common following
"""
# Groups of words that stand for each other in a question and in its answer.
ALIKE_TEXT = """
    born birth birthplace birthday birthdate native hometown|die died death dead|
    direct directed director filmmaker|compose composed composer|write written wrote writer author|
    paint painted painter painting artist|sing sang sung singer vocalist|act acted actor actress star starred starring|
    found founded founder foundation establish established establishment start started begin began formed formation|
    study studied attend attended graduate graduated educated education alumnus alumni|
    school university college academy institute conservatory|label records|
    mountain peak mount summit|marry married marriage wife husband spouse|
    lead led leader head headed captain frontman|design designed designer architect built build|
    publish published publisher publication|own owned owner|produce produced producer|
    create created creator inventor invented invent|colour color|locate located situated lie lies|
    height high tall elevation|length long|population inhabitants|film movie|series show|band group|
    teach taught teacher professor|song single|novel book|country nation|company firm|win won winner winning|
    play played player|exhibit exhibited exhibition|employ employed employer work worked|
    headquarters headquartered based|develop developed developer|voice voiced|perform performed performer
"""
ALIKE = {
    stem: group_stems[0] for group in ALIKE_TEXT.split("|") if (group_stems := terms(group)) for stem in group_stems
}
IDLE = frozenset(terms(IDLE_TEXT))


@lru_cache(REMEMBERED)
def words(text: str) -> frozenset[str]:
    """The stems of a text that count, one for similar words."""
    return frozenset(ALIKE.get(term, term) for term in terms(text[:LONGEST])) - IDLE


@lru_cache(REMEMBERED)
def stemmed(noun: str) -> str:
    """The stem of one word; "" for a word that does not count."""
    return next(iter(sorted(words(noun))), "")
