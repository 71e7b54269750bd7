"""Files out: profiles as data, rows from a frozen village, and writers that stream."""
