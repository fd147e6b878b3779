"""Where a pixel is and what it means: grids, cell areas, sensors, legends, scenes, class maps."""
