"""The rules of WebShop: a patient shopper."""
