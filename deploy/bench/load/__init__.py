"""A load generator: a process of its own that sends at times fixed in advance and notes when each answer came."""
