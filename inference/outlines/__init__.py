"""Outlines of mined land: extents, mines, pits and dumps."""
