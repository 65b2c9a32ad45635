"""Kafka as every process of Headrace speaks to it: one client configuration, topics, reading a topic to its end."""
