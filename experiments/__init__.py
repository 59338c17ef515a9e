"""One evaluation from its config to its results: build, run, workers, run folder."""
