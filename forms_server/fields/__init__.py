"""Field types: everything about one type of answer in one class."""
