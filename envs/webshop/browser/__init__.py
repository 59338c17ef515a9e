"""WebShop in Chromium."""
