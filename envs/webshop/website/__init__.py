"""WebShop as a website and a JSON API."""
