"""World folders: made whole or not at all, sealed with sums, opened once a process."""
