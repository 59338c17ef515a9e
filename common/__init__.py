"""Small tools that every package uses: files, locks, processes, seeds, random draws, checked JSON."""
