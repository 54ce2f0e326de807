"""`imgedit record`: what a vendor answers to a real edit, kept for an author's tests.

`keep` takes the answers as they come in, `scrub` takes out what is nobody's business, `files`
writes them in the forms that `imgedit.testing.ProviderTests` reads.
"""
