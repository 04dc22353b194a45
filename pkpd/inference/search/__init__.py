"""The search for the least sum of squares: from one start, from many, within a budget."""
