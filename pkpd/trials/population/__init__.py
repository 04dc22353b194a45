"""A population on every arm of a study: bands, endpoints of every patient, and how uncertain both are."""
