"""How sure a fit is: draws, profiles, ranges of predictions, bands of a run."""
