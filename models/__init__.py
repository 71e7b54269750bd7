"""What Lokus remembers: tables, queries and the only code that knows SQL."""
