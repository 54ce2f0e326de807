"""The values that cross between the core and a plugin; no I/O, no clock, no key."""
