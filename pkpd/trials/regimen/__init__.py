"""One regimen in one patient: when to look at it, and its numbers for the parameters as they are and for draws."""
