"""A photo and its trimap become a matte and a cut-out."""
