"""Light: harmonics, panoramas, the light of a photo and of a studio."""
