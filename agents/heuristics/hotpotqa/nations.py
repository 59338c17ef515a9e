"""Countries, and the English adjectives and nouns of their peoples."""

from __future__ import annotations

from functools import lru_cache

from forethought.agents.heuristics.hotpotqa.text import WORD
from forethought.agents.heuristics.hotpotqa.words import REMEMBERED

TABLE = """
    Afghanistan Afghan|Albania Albanian|Algeria Algerian|Argentina Argentine Argentinian|Armenia Armenian|
    Australia Australian|Austria Austrian|Azerbaijan Azerbaijani|Bangladesh Bangladeshi|Belarus Belarusian|
    Belgium Belgian|Bolivia Bolivian|Bosnia Bosnian|Brazil Brazilian|Bulgaria Bulgarian|Cambodia Cambodian|
    Cameroon Cameroonian|Canada Canadian|Chile Chilean|China Chinese|Colombia Colombian|Croatia Croatian|Cuba Cuban|
    Cyprus Cypriot|Czechia Czech Czechoslovak Czechoslovakia|Denmark Danish Dane|Ecuador Ecuadorian|Egypt Egyptian|
    England English Englishman|Estonia Estonian|Ethiopia Ethiopian|Finland Finnish Finn|France French Frenchman|
    Georgia Georgian|Germany German|Ghana Ghanaian|Greece Greek|Guatemala Guatemalan|Haiti Haitian|Hungary Hungarian|
    Iceland Icelandic|India Indian|Indonesia Indonesian|Iran Iranian Persian|Iraq Iraqi|Ireland Irish|Israel Israeli|
    Italy Italian|Jamaica Jamaican|Japan Japanese|Jordan Jordanian|Kazakhstan Kazakh|Kenya Kenyan|Korea Korean|
    Kosovo Kosovan|Kuwait Kuwaiti|Latvia Latvian|Lebanon Lebanese|Libya Libyan|Lithuania Lithuanian|
    Luxembourg Luxembourgish|Macedonia Macedonian|Malaysia Malaysian|Malta Maltese|Mexico Mexican|Moldova Moldovan|
    Mongolia Mongolian|Montenegro Montenegrin|Morocco Moroccan|Mozambique Mozambican|Nepal Nepalese Nepali|
    Netherlands Dutch|Zealand Zealander|Nicaragua Nicaraguan|Nigeria Nigerian|Norway Norwegian|Pakistan Pakistani|
    Palestine Palestinian|Panama Panamanian|Paraguay Paraguayan|Peru Peruvian|Philippines Filipino Philippine|
    Poland Polish|Portugal Portuguese|Romania Romanian|Russia Russian Soviet|Rwanda Rwandan|Scotland Scottish|
    Senegal Senegalese|Serbia Serbian Yugoslav Yugoslavia|Singapore Singaporean|Slovakia Slovak|Slovenia Slovenian|
    Somalia Somali|Spain Spanish Spaniard|Sudan Sudanese|Sweden Swedish|Switzerland Swiss|Syria Syrian|
    Taiwan Taiwanese|Tanzania Tanzanian|Thailand Thai|Tunisia Tunisian|Turkey Turkish|Uganda Ugandan|
    Ukraine Ukrainian|UK British Britain Briton|US USA U.S. U.S.A. American States|Uruguay Uruguayan|
    Uzbekistan Uzbek|Venezuela Venezuelan|Vietnam Vietnamese|Wales Welsh|Yemen Yemeni|Zambia Zambian|
    Zimbabwe Zimbabwean
"""
STATE_TEXT = """
    Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii|Idaho|Illinois|
    Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|Montana|
    Nebraska|Nevada|New Hampshire|New Jersey|New Mexico|New York|North Carolina|North Dakota|Ohio|Oklahoma|Oregon|
    Pennsylvania|Rhode Island|South Carolina|South Dakota|Tennessee|Texas|Utah|Vermont|Virginia|Washington|
    West Virginia|Wisconsin|Wyoming
"""
STATES = frozenset(name.strip() for name in STATE_TEXT.split("|"))  # of the United States
NATIONS = {word: group.split()[0] for group in TABLE.split("|") for word in group.split()}
COUNTRIES = frozenset(group.split()[0] for group in TABLE.split("|")) | {"Britain", "U.S.", "USA", "States"}
PEOPLES = frozenset(NATIONS) - COUNTRIES


OF_A_PEOPLE = ("ian", "ish", "ese")  # ends of most adjectives of peoples, also of those not in the table


def is_people(word: str) -> bool:
    """Whether a capitalised word names a people."""
    return word in PEOPLES or (word.endswith(OF_A_PEOPLE) and word.isalpha() and word not in COUNTRIES)


@lru_cache(REMEMBERED)
def nations(text: str) -> tuple[str, ...]:
    """The countries in a text, under any of their names, in their order."""
    parts = (part for found in WORD.finditer(text) for part in found[0].removesuffix("'s").split("-"))
    return tuple(dict.fromkeys(NATIONS[part] for part in parts if part in NATIONS))
