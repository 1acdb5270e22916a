"""Filling polygons and ellipses, and tracing masks into polygons. The stub documents every function."""

from framehaul._core import _raster

contours = _raster.contours
fill_ellipse = _raster.fill_ellipse
fill_polygon = _raster.fill_polygon
polygons = _raster.polygons

__all__ = ["contours", "fill_ellipse", "fill_polygon", "polygons"]
