"""Apache Kafka on this machine, from nothing but Python packages: one broker on loopback, for development."""
