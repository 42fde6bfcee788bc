"""Full screens and dialogs. Each is imported when it is opened, so that the first paint waits for none of them."""
