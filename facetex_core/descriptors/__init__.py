"""Feature correlations (Saito et al. 2017, section 4.2), and the bank of faces that holds them."""
