"""Steps that make and check one document: values in, values out."""
