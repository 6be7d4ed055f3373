"""What `facetex plugins new` starts a plugin with: one working module a role; `example` becomes the plugin's name."""
