"""What all tests share."""

pytest_plugins = ["tests.fixtures_kafka", "tests.fixtures_clickhouse", "tests.fixtures_stack"]
