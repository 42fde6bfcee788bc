"""The words of portdash as frozen dataclasses, closed vocabularies and small protocols. Nothing here does I/O.

Import from the modules themselves: a command that prints one port must not build every class first.
"""
