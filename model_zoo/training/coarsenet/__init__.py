"""CoarseNet (Richardson et al. 2017): identity, expression and pose of a face, its own answer fed back as a picture."""
