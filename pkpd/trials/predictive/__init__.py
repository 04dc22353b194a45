"""Visual predictive check: a user's individual rows beside the same rows of simulated patients."""
