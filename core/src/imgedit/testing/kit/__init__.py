"""The conformance kit: `suite` holds the class that authors subclass.

The tests stand in the modules `*_tests`, as methods that take a `Subject` and need no pytest.
"""
