"""Legends that come with pitscape, one YAML file each."""
