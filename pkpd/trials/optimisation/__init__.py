"""The search for regimens: goals, limits and ranges read, candidates tried, the best ones ranked and mapped."""
