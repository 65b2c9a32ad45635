"""Training: fits a model folder's estimator, measures it and registers a bundle. Nothing here is needed to score."""
