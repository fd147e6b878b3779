"""Ecology of a classified landscape: plain functions on arrays and numbers, which open and write no file.

``patches``, ``connect``, ``diversity`` and ``landscape`` measure the pattern of a class map; ``vegetation``, ``climate``
and ``water`` its plants, weather and water; ``elasticity`` and ``integrity`` join them to resilience and ecological
integrity; ``mines`` and ``national`` hold the published areas and scale them up. Import the module that is needed:
only the first four compile code, and nothing is loaded before.
"""
