"""Where assignments live: SQLite in the state directory, and a store in memory. One contract, one transition."""
