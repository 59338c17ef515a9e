"""Write a world folder of HotpotQA from the official files."""
