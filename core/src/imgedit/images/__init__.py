"""What a picture file says of itself, read from its bytes without decoding a pixel.

`sniff` names the type, `facts` reads size, hash and damage, `strip` plans the removal of
metadata, `check` judges a downloaded result. Nothing here needs a picture library.
"""
