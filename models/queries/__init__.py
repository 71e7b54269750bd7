"""The only SQL of the program: one module per subject, functions of a session."""
