"""What all trainings share: the loop, the steps of a model, blocks of networks, export, portraits as a run sees them."""
