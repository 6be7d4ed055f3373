"""One world of rendered heads for all trainings: pictures, and everything that is true of them."""
