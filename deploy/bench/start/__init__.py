"""How long a scorer takes from its process's start to its first answer, by the way its bundle is delivered."""
