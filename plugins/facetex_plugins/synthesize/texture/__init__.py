"""Pictures that carry wanted feature correlations: the loss and its gradient, whole or by tiles, and the descent."""
