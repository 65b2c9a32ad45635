"""The count that proves nothing is missing, and how one answer came about."""
