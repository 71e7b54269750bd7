"""The revisions of the schema, oldest first: r0001_…, r0002_…; each can be taken back."""
