"""The stories: issuing, verification, drafts, accounts."""
