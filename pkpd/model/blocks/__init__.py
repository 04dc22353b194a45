"""One file a block: what it declares is added to whatever model names it."""
