"""The services of one machine: Kafka and ClickHouse without Docker."""
