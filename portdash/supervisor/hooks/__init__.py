"""Running the configured commands when something happens: each hook in one process at a time, damped, and bounded."""
