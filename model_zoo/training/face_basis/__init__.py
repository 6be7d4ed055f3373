"""The morphable model: face_basis.npz."""
