"""The demonstration: the main job from a clean machine, on real flights, with a worker killed and a model swapped."""
