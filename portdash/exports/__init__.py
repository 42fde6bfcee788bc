"""A workspace's ports as environment variables, in the form that each reader wants. No input, no output."""
