"""Self-contained HTML pages from templates; all text is escaped."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from forethought.common.printable import printable


def shown(value: object) -> object:
    """Control characters and halves of characters written out."""
    return printable(value, lines=True) if isinstance(value, str) else value


PAGES = Environment(
    finalize=shown,
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
)


def page(template: str, **content: object) -> str:
    """A page of HTML made from a template."""
    return PAGES.get_template(template).render(**content)
