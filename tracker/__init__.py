"""What happened on the site, and the ground floor that all rooms share."""
