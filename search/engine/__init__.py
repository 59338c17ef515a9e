"""The engine below the algorithms: it answers their requests, counts budgets, and writes the journal."""
