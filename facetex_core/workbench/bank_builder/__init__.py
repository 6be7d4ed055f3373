"""Banks of face statistics: built from portraits, kept in a file, asked under a mask."""
