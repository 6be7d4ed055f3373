"""Files: photos, textures, models, and what a stranger's file may claim of itself."""
