"""The desk: where a person approves what serves, and reads who approved what."""
