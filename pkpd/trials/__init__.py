"""Studies with arms and visits, and what is run on them."""
