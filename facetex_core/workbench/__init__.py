"""Above the framework: comparison, evaluation, user study, and the building of banks."""
