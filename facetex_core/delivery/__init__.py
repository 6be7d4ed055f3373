"""What a run leaves behind: files, record, report; and a head read back from its files."""
