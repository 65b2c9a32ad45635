"""How much memory a scorer and a sink take: at the start, with a model, after many records, and whether it grows."""
