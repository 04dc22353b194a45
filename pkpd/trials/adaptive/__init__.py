"""Doses decided by biomarkers at visits: rules as data, what they decided, and the same doses again from that alone."""
