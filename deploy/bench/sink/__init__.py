"""The sink beside inserting the same columns directly, and how soon an answer is a row."""
