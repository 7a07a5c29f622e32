"""Who can do what, proved offline."""
