"""The rules of a patient shopper."""
