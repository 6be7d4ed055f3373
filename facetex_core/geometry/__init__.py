"""Cameras, meshes, rays, UV rasters, morphable models."""
