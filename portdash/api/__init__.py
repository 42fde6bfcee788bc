"""The HTTP API, for programs on this machine: a face like the others, and one that every web page tries to reach first.

`create_app` in `app` is the way in, `serving` what `portdash serve` runs. Needs the extra `api`.
"""
