"""Running child processes that are started again when they end unasked and never outlive their parent."""
