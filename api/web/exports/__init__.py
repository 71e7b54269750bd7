"""The office's pages of files out, answers back, and tasks."""
