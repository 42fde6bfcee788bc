"""What the list, the header and the details say: pure functions of a snapshot. Nothing here knows Textual."""
