"""Tests of the storage room: a real SQLite file each, no mocks."""
