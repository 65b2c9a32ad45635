"""Replay: requests scored again out of their topic and compared with what was answered; nothing live is touched."""
