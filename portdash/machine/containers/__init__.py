"""Containers: which engines are on this machine, what they run and publish, and stopping what holds a port."""
