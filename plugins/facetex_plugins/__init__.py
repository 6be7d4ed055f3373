"""The default plugins, <verb>_<method>.py, registered through the entry points like anyone's."""
