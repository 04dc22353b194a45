"""Studies and cohorts as data: arms with regimens, and what was observed in them."""
