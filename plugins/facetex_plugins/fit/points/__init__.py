"""True points of the head's surface in a photo, and what they tell of a person."""
