"""The shell of Lokus: routes, pages and commands over services; it parses, answers and acts."""
