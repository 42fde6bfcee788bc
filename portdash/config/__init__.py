"""From TOML files, variables and flags to one `Config` that knows where each value comes from."""
