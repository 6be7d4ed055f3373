"""The UV map: unwrapping of a photo, regions of the face, weights of views, material."""
