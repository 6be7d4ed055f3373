"""CoarseNet's loop: crop the face, render the present estimate into the crop, ask the network, again (Richardson 2017)."""
