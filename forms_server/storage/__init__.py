"""The only room that knows the database and the document store."""
