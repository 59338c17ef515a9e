"""The synthetic shop: products, options and instructions in the official format, at any size."""
