"""ClickHouse as every process of Headrace speaks to it: one client, the tables made from a model's features."""
