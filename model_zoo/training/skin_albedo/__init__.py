"""Low-frequency albedo of skin: skin_albedo.npz."""
