"""The paid requests: how a model is asked for each, how its answer is journaled, and how it changes the tree."""
