"""The text under which the search finds a product, word for word as the official index was made from it.

The index itself is `forethought.envs.ranking`, which stands alone: `build` it of texts, `Index.open` and `search` it.
"""

from __future__ import annotations

from forethought.envs.ranking import Index, TooManyTerms
from forethought.envs.webshop.products import Product

__all__ = ["Index", "TooManyTerms", "document"]


def document(product: Product) -> str:
    """Title, description, first bullet and "size: 28 | 30, 32, and color: red" of the options, in lower case."""
    options = ", and ".join(f"{name}: {', '.join(values)}" for name, values in product.options)
    bullet = product.bullets[0] if product.bullets else ""
    return " ".join((product.title, product.description, bullet, options)).lower()
