"""Fit problems as PEtab."""
