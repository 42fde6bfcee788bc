"""Hard-coded ports in the files of a project: finding them, judging them, and what to write instead."""
