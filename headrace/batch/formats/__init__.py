"""What rows can come from: each format plans its parts and reads one of them."""
