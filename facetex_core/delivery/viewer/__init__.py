"""Heads that can be turned on a page which needs nothing but itself: `viewer.js` on three.js, and small copies of GLBs."""
