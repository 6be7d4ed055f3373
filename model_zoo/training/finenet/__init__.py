"""FineNet (Richardson et al. 2017, section 3.2): from a photo and a coarse depth to a fine one."""
