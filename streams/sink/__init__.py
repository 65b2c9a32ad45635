"""The sink: log blocks and events from Kafka into ClickHouse, each row once."""
