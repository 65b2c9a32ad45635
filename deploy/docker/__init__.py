"""Images: two Dockerfiles, and the offline check of docker-compose.yml against the compose schema."""
