"""Every command: where its code is and what it does, in one line."""

from headrace.cli.lazy import Command

COMMANDS = {
    "demo": Command("deploy.demo.command:demo", "Score a real year of flights on a stack of its own, and count."),
    "up": Command("deploy.local.command:up", "Start Kafka, ClickHouse and workers on this machine."),
    "doctor": Command("deploy.local.doctor:doctor", "Check each part and say what to do about what fails."),
    "init": Command("headrace.apply.command:init", "Write a model folder that works."),
    "apply": Command("headrace.apply.command:apply", "Create or extend a model's topics and tables."),
    "quality": Command("headrace.quality.command:quality", "How good answers were, by their labels."),
    "import": Command("trainer.importing.command:import_", "Bring labelled rows of a file into ClickHouse."),
    "train": Command("trainer.command:train", "Train a model folder's estimator and register the bundle."),
    "release": Command("deploy.desk.command:release", "Approve, roll back, show, log, verify releases."),
    "image": Command("headrace.image.command:image", "Write the folder from which an image with one bundle is built."),
    "worker": Command("headrace.cli.roles:worker", "Run one worker: score, sink, batch or train."),
    "score": Command("headrace.ask.command:score", "Send one request and print its answer."),
    "batch": Command("headrace.batch.command:batch", "Score files, tables and queries, each row once."),
    "ledger": Command("headrace.ledger.command:ledger", "Count requests, answers and rows; nothing may be missing."),
    "explain": Command("headrace.ledger.explain_command:explain", "Show how an answer came about, and score it again."),
    "replay": Command("streams.replay.command:replay", "Score past requests again, compare bit for bit."),
    "sql": Command("headrace.clickhouse.command:sql", "Run a query on ClickHouse."),
    "bench": Command("deploy.bench.command:bench", "Measure against the limit and the rivals, in one run."),
}
