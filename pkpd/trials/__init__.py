"""What is run on studies."""
