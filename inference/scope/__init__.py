"""The influence scope of a mine and the directions of its growth."""
