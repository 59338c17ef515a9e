"""One thing of the synthetic encyclopedia, which a page is about."""

from __future__ import annotations

from dataclasses import dataclass, field

from forethought.envs.hotpotqa.synthetic.entity_kinds import Kind


@dataclass(slots=True, eq=False)
class Entity:
    """The subject of a page. `base` is the title without brackets, `root` the name in it that only this block has."""

    kind: Kind
    base: str = ""
    root: str = ""
    year: int = 0
    aliases: list[str] = field(default_factory=list)  # names that nothing else in the world has
    shorts: list[str] = field(default_factory=list)  # abbreviations and nicknames, which others may have too
    links: dict[str, Entity] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    title: str = ""
    opening: str = ""  # the mark-up before the words of a link to it
    slots: dict[str, str] = field(default_factory=dict)  # the fillings of the slots of its templates
    told: list[frozenset[str]] = field(default_factory=list)  # the slots of each sentence of its page

    @property
    def names(self) -> list[str]:
        """All that a text may call it by."""
        return list(dict.fromkeys([self.title, self.base, *self.aliases, *self.shorts]))
