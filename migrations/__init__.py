"""Changes of the database schema, run from code so that an installed wheel needs no other file."""
