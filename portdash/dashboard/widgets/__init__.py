"""Widgets that draw what `rows` says."""
