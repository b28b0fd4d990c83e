"""Tools for those who develop Doorbell; not part of what is installed."""
