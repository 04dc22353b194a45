"""Virtual trials: who is randomised to what, who comes when, what the laboratory reports, and what the trial sees."""
