"""The official data files: where they are, how they are fetched, and how they are read as streams."""
