"""One page of any results, to hand on: read from their folders, checked against their records, and laid out."""
