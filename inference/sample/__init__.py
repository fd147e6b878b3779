"""Samples of class maps, and what they say of areas and accuracies."""
