"""The scorer: requests in, answers, log blocks and dead letters out, with a model that a person released."""
