"""From what callers hand over to one grey page: files, bytes, Pillow images, arrays, and boxes on them."""
