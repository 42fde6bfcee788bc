"""The routes: each module has its handlers as HANDLERS, and `app` puts them together."""
