"""Groups of subcommands of ``forms-server``, and what all of them share."""
