"""Other libraries' ways to answer the same requests, each as its documentation shows; one argument, a task file.

They run in an environment of their own (`make bench-peers`), which holds neither Headrace nor Faust. None of them
writes a log or runs in transactions: by default none of them would.
"""
