"""One request, asked from the command line."""
