"""Porter's stemmer on the examples of his paper, and on what his program does otherwise."""

from __future__ import annotations

import pytest

from forethought.envs.ranking.porter import measure, pattern, stem

STEMS = """
caresses caress  ponies poni  ties ti  cats cat  feed feed  agreed agre  plastered plaster  bled bled  motoring motor
sing sing  conflated conflat  troubled troubl  sized size  hopping hop  tanned tan  falling fall  hissing hiss
fizzed fizz  failing fail  filing file  happy happi  sky sky  relational relat  conditional condit  rational ration
valenci valenc  digitizer digit  conformabli conform  radicalli radic  differentli differ  vileli vile
analogousli analog  vietnamization vietnam  predication predic  operator oper  feudalism feudal  decisiveness decis
hopefulness hope  callousness callous  formaliti formal  sensitiviti sensit  sensibiliti sensibl  triplicate triplic
formative form  formalize formal  electriciti electr  electrical electr  hopeful hope  goodness good  revival reviv
allowance allow  inference infer  airliner airlin  gyroscopic gyroscop  adjustable adjust  defensible defens
irritant irrit  replacement replac  adjustment adjust  dependent depend  adoption adopt  communism commun
activate activ  angulariti angular  homologous homolog  effective effect  bowdlerize bowdler  probate probat  rate rate
cease ceas  controll control  roll roll
possibly possibl  archaeology archaeolog  as as  is is  dying dy  ies i  eed eed  ing ing  30.00 30.00  \u2605 \u2605
"""
WORDS = STEMS.split()


@pytest.mark.parametrize(("word", "expected"), list(zip(WORDS[::2], WORDS[1::2], strict=True)))
def test_stems(word, expected):
    assert stem(word) == expected


def test_patterns_and_measures():
    assert pattern("toy") == "cvc"
    assert pattern("syzygy") == "cvcvcv"
    assert [measure(word) for word in ("tree", "by", "trouble", "oats", "private", "oaten")] == [0, 0, 1, 1, 2, 2]
