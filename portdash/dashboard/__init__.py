"""The dashboard: a Textual app that renders snapshots and plans and holds no rule of its own."""
