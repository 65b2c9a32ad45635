"""What runs Headrace: the local stack, the desk, the demo and the images."""
