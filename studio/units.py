"""Quantities as people read them."""


def data_size(count: int) -> str:
    """Bytes in words: "4.6 MB", "603 MB", "2.1 GB"."""
    if count >= 1e9:
        return f"{count / 1e9:.1f} GB"
    return f"{count / 1e6:.0f} MB" if count >= 1e7 else f"{count / 1e6:.1f} MB"
