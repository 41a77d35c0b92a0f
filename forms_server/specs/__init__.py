"""Specifications of the forms: what is asked, in both languages, as frozen values."""
