"""The store on a Redis server: one registry for several machines, mirrored into a file of each."""
