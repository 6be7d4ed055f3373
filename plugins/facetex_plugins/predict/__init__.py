"""Hidden predictors: correlations of the skin that a photo hides."""
