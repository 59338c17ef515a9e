"""Write a world folder of WebShop from the official files."""
