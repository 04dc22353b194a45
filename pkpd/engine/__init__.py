"""From symbols and doses to numbers: compilation, the realised events, stepping between them, steady state."""
