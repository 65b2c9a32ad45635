"""docs/performance.md out of the files that a run of the benches left; no number in it is typed by hand."""
