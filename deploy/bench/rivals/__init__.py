"""Other ways to answer the same requests; each module is a program with one argument, a task file."""
