"""The parts of the Gallery tab: what it asks, shows, does and serves; `tabs/gallery.py` puts them together."""
