"""The trainer as a service: it does what the topic `training` asks for, one request at a time, and proposes."""
