"""The text under which the search finds a product, word for word as the official index was made from it."""

from __future__ import annotations

from collections.abc import Mapping


def document(record: Mapping[str, object]) -> str:
    """Title, description, first bullet and options of a record of the official product file, in lower case."""
    bullets = record.get("small_description")
    bullet = bullets[0] if isinstance(bullets, list) and bullets else bullets
    options = option_text(record.get("customization_options"))
    parts = (record.get("name"), record.get("full_description"), bullet, options)
    return " ".join(part if isinstance(part, str) else "" for part in parts).lower()


def option_text(options: object) -> str:
    """ "size: 28 | 30, 32, and color: red" of the options, in their order; one without contents is left out."""
    values: dict[str, list[str]] = {}
    for name, contents in (options if isinstance(options, Mapping) else {}).items():
        if isinstance(contents, list):  # two names may differ in case only: the later one's values count
            values[name.lower()] = [option_value(content) for content in contents]
    return ", and ".join(f"{name}: {', '.join(several)}" for name, several in values.items())


def option_value(content: object) -> str:
    value = content.get("value") if isinstance(content, Mapping) else None
    return value.strip().replace("/", " | ").lower() if isinstance(value, str) else ""
