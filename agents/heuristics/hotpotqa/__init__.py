"""The rules of HotpotQA: a reader with a question."""
