"""What it costs to read requests, to write answers and to write and read log blocks; no Kafka."""
