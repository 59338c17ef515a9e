"""The rules of a reader with a question."""
