"""Quarry land of many kinds, drawn anew for each scene: for networks that are to be used on land they never saw."""
