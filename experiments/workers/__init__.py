"""The tasks of a run on several processes, of this machine or of a Ray cluster."""
