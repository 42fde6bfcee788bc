"""One module a command: its parameters, one call into the core, and what is printed."""
