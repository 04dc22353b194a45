"""What a simulation gives back, and how it is written down and drawn."""
