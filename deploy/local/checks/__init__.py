"""The checks of `headrace doctor`: each a small function that looks at one thing and says what to do about it."""
