"""Rows of observations: what they sample, what the model predicts for them, and how far off they may lie."""
