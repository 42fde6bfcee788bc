"""The planner: whose a listener is, what is wrong, which port a service gets, and what it takes to put things right.

Pure: everything here is a function of a snapshot and a request. No file, socket, process or clock is touched.
"""
