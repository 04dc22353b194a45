"""Virtual patients: who they are, and how they fare on a schedule."""
