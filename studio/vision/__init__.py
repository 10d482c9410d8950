"""Image to mask or control image: the only room that imports rembg, CLIPSeg and their like."""
