"""Ecology of a classified landscape: plain functions on arrays and numbers, which open and write no file.

``landscape`` measures the pattern of a class map at the levels of patch, class and landscape, ``zones`` zone by zone,
``windows`` in a moving window and ``tiled_landscape`` tile by tile; ``runs``, ``joins``, ``patches``, ``tally``,
``reach``, ``connect``, ``nearest`` and ``sliding`` count for them, ``tile``, ``mosaic``, ``rim`` and ``spacing``
across tiles; ``diversity``, ``shape``, ``aggregation`` and ``distribution`` hold the formulas; ``vegetation``,
``climate`` and ``water`` measure plants, weather and water, ``production_estimate`` and ``evaporation`` estimate NPP
and ET from climate alone; ``elasticity`` and ``integrity`` join them to resilience and ecological integrity, with
``bounds`` and ``entropy_weights``; ``attribution`` says what moved E; ``factors``, ``ensemble`` and ``propagation``
carry uncertainty through all of it; ``thresholds`` and ``detection`` find the points of ``stages`` on ThV, with
``crossing``, ``knots``, ``piecewise`` and ``resampling``, and ``pooling`` joins those of many mines; ``life_cycle``
reads stages from a ``production_curve``, ``succession`` from class maps; ``mines`` and ``provinces`` hold what was
published, ``national``, ``estimators`` and ``national_draws`` scale it up. Import the module that is needed: only
those that count compile code, and nothing is loaded before.
"""
