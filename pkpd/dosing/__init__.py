"""Dosing: a schedule as a value, its text form, and the doses that result."""
