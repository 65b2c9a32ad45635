"""Documents that are generated from code: README's table of topics, the command line, the settings."""
