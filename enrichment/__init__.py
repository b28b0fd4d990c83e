"""Who it was and what we know about them."""
