"""Regimens side by side: quantities of each under the same draws, and their paired differences."""
