"""The stored tables of a shop, which the builder writes and the world maps."""

from __future__ import annotations

import numpy as np

KIND = "webshop"  # in the manifest of a world folder
ASIN = np.dtype("S10")
GOAL = np.dtype([("row", "<u4"), ("number", "<u4"), ("ceiling", "<f8"), ("weight", "<f8")])
