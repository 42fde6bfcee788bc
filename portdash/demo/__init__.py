"""An invented machine to try portdash on. Everything works on it, and nothing outside this process is touched."""
