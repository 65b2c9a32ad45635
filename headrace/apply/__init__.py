"""Writing a model folder, and making topics, tables and schemas out of one."""
