"""A snapshot as text for people and as data for programs. Pure: nothing here reads a clock, a file or a variable."""
