"""The tabs of the page, and the views in them."""
