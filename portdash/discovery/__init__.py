"""Finding the instances of a service, and choosing among them."""
