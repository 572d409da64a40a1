"""Programs that stand beside dim_tf: they may import from it, it never imports from them."""
