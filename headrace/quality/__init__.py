"""How good a model is by its labels: by version, variant and window, with intervals, and whether it may be judged."""
