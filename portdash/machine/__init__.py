"""This computer: its sockets, processes, projects and port rules, and ending what holds a port."""
