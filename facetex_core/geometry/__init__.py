"""Cameras, meshes, rays, UV rasters, morphable models and correspondence between them."""
