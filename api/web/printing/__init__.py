"""Pages made for paper: whole in one file, without scripts, on A4 or F4, in Indonesian."""
