"""Images of frames: decode videos, encode their frames. Needs the extra `images`."""
