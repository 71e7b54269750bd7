"""The functional core of Lokus: it decides what a push, a pull and a merge mean."""
