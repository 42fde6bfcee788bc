"""Running services: a port that is kept until the child listens, a child that is watched, and moves on request."""
