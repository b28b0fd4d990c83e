"""Which of it matters to whom, and telling them."""
