"""What helps to test a plugin; none of it is imported by the library itself."""
