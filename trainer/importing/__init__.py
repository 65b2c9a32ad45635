"""`headrace import`: labelled rows of before, from a file into ClickHouse."""
