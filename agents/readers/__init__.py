"""Readers of model text: the reply without its reasoning, the action in it, the score in it."""
