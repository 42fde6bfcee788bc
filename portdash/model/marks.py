"""The variables by which `run` marks its child, and all that the child starts."""

LEASE, SERVICE, WORKSPACE = "PORTDASH_LEASE", "PORTDASH_SERVICE", "PORTDASH_WORKSPACE"
"""The token of the lease, the service's name, and its workspace's."""
