"""The district's page: villages in order, what they are designated for, how far they are."""
