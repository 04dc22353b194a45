"""SBML files, of other tools and of our own, as models."""
