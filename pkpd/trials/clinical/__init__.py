"""The clinical endpoint as an illustration: outcomes as observed, an assumed link to exposure, and power."""
