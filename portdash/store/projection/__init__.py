"""The committed projection of one workspace: a plain map of ports in the project, kept in step with the authority."""
