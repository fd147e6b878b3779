"""Simulated land before and with a mine: what covers each cell, at any year."""
