"""Readable heuristics, per family: values and policies that ask no language model."""
