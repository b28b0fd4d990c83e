"""Far ends as real HTTP servers that answer as the vendors' documentation says."""
