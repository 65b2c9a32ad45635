"""What the cost of a record does as workers, features and batches grow."""
