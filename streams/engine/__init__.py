"""What carries bytes between Kafka and an agent: sources, transactions, the watchdog."""
