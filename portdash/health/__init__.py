"""How well servers do: checks from the kernel's facts to HTTP, what a server is, and when to ask again."""
