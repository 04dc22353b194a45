"""Models as symbols: the grammar, the blocks they are built from, and the assembled models."""
