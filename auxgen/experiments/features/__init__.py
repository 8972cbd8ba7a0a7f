"""Small residual networks on labelled images, whose features Frechet distances are measured in."""
