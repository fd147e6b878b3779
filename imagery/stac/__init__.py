"""Scenes from STAC catalogues: searched with care, loaded onto one grid, written as GeoTIFFs."""
