"""How fast Headrace is, against the limit of its Kafka and against other ways to do the same, in one run."""
