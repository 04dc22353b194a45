"""The event tables of the field: one record a line, read, written and simulated."""
