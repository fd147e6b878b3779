"""A simulated mine site: land, scenes and records of which every pixel and number is known."""
