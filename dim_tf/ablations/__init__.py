"""The blog's ablations: arms, runs, records, and the report made from them."""
