"""The same photo through a grid of variants, shared work done once; and the page that shows them side by side."""
