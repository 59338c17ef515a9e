"""The command `forethought`."""
