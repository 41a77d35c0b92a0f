"""The tests: ``tests/<room>/test_<module>.py``; every room of tests is a package, as this is."""
