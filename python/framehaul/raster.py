"""Filling polygons and ellipses, label images, and tracing masks into polygons. The stub documents every function."""

from framehaul._core import _raster

contours = _raster.contours
fill_ellipse = _raster.fill_ellipse
fill_polygon = _raster.fill_polygon
label_map = _raster.label_map
label_png = _raster.label_png
masks_png = _raster.masks_png
polygons = _raster.polygons

__all__ = ["contours", "fill_ellipse", "fill_polygon", "label_map", "label_png", "masks_png", "polygons"]
