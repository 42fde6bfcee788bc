"""Observe, plan, apply: what the command line, the dashboard and the library all call."""
