"""Virtual patients: who they are, how they differ, and what happens to them on a schedule."""
