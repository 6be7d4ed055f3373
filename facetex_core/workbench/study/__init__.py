"""Forced-choice studies: which pictures, the page, the answers, and how sure they are."""
