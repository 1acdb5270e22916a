"""Pictures of frames: decoding videos, encoding what they show. Needs the extra `images`."""
