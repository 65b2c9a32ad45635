"""How long an answer takes at a given rate, beside an echo through the same broker under the same guarantee."""
