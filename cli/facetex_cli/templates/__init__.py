"""The classes that `facetex plugins new` starts a plugin with, one a role; `example` becomes the plugin's name."""
