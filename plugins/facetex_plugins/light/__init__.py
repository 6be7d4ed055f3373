"""Light estimators: light and low-frequency skin colour."""
