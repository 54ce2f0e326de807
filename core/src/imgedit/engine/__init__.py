"""The engine: takes a request to a picture, and protects money on the way."""
