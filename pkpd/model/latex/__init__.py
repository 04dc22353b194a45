"""A model as LaTeX: text, equations and the whole document."""
