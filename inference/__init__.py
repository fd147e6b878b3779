"""From a scene and a model to a class map, areas and extents: importing this loads no torch."""
