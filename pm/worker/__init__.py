"""What runs in the interpreter of the app: template, worker, and the hooks between."""
