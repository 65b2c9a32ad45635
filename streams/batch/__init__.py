"""The batch worker: takes parts of jobs, scores them by column, writes each part once."""
