"""Tests of the specifications and of the language of rules."""
