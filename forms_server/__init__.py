"""Statutory forms of Kazakhstan's social protection offices: fill in, issue, seal, verify."""
