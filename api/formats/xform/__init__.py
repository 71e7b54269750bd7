"""XForms: what a form asks, which record it feeds, and how its answers are read."""
