"""What a release costs those who wait for answers, and how long it takes until all workers answer with it."""
