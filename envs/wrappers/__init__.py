"""Gymnasium's wrappers and vector environments around a text environment: their state, spaces and shared memory."""
