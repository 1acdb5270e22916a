"""What other processes run to make shards: functions that they can import."""

from __future__ import annotations

import os
from functools import cache

import framehaul
from framehaul import _core

OPTIONS = {
    "tasks": [],
    "jobs": [],
    "threads": 1,
    "compression": "fast",
    "overwrite": False,
    "strict": False,
    "dumped": None,
    "profile": "cvat",
    "save_images": False,
    "image_format": "png",
    "media": None,
    "on_error": "stop",
    "name_template": None,
    "provenance": False,
    "frames": "all",
    "labels": [],
    "subsets": [],
    "negatives": None,
}


@cache
def opened(path: str):
    return framehaul.open(path)._core


def plan(path: str, slug: str, profile: str) -> tuple[int, bytes]:
    return os.getpid(), _core.plan(opened(path), slug, {**OPTIONS, "profile": profile})[0]


def make(path: str, slug: str, profile: str, planned: bytes, chunks: tuple[int, int]) -> bytes:
    return _core.make_shard(opened(path), slug, {**OPTIONS, "profile": profile}, planned, chunks)
