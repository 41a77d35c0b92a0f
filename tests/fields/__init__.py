"""Tests of the field types, of reading answers and of the forms built from both."""
