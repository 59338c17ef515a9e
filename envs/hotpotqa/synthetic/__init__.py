"""The synthetic encyclopedia: linked pages and questions that need two of them, at any size."""
