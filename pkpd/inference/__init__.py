"""From observations to parameters: likelihood, fit, identifiability, prediction. The only place that imports lmfit."""
