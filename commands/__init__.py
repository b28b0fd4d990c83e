"""The `doorbell` command: one file per subcommand."""
