"""Reports of fits, as text and as a page."""
