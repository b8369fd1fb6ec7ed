"""Products and convolutions in double precision with NumPy: what the GPU's results are held against."""

from __future__ import annotations

from typing import Any

ROWS, TERMS, COLUMNS = 192, 384, 160
IMAGES, CHANNELS, SIDE, FILTERS, KERNEL = 2, 16, 40, 24, 3
SEED = 20261122


def inputs(numpy: Any) -> tuple[Any, Any, Any, Any]:
    """Two matrices, images (NCHW) and filters (OIHW), in float32."""
    source = numpy.random.RandomState(SEED)
    shapes = ((ROWS, TERMS), (TERMS, COLUMNS), (IMAGES, CHANNELS, SIDE, SIDE), (FILTERS, CHANNELS, KERNEL, KERNEL))
    first, second, third, fourth = (source.uniform(-1, 1, shape).astype(numpy.float32) for shape in shapes)
    return first, second, third, fourth


def convolution(numpy: Any, images: Any, filters: Any) -> Any:
    """A convolution without padding, as the deep learning libraries mean it (no flip)."""
    x, w = images.astype(numpy.float64), filters.astype(numpy.float64)
    height, width = x.shape[2] - w.shape[2] + 1, x.shape[3] - w.shape[3] + 1
    total = numpy.zeros((x.shape[0], w.shape[0], height, width))
    for row in range(w.shape[2]):
        for column in range(w.shape[3]):
            piece = x[:, :, row : row + height, column : column + width]
            total += numpy.einsum("nchw,kc->nkhw", piece, w[:, :, row, column], optimize=True)
    return total


def error(numpy: Any, got: Any, want: Any, scale: Any) -> float:
    """Largest error relative to the sum of magnitudes."""
    return float(numpy.max(numpy.abs(numpy.asarray(got, dtype=numpy.float64) - want) / scale))


def product_error(numpy: Any, got: Any, a: Any, b: Any) -> float:
    """Error of a matrix product."""
    one, two = a.astype(numpy.float64), b.astype(numpy.float64)
    return error(numpy, got, one @ two, numpy.abs(one) @ numpy.abs(two))


def convolution_error(numpy: Any, got: Any, images: Any, filters: Any) -> float:
    """Error of a convolution."""
    scale = convolution(numpy, numpy.abs(images), numpy.abs(filters))
    return error(numpy, got, convolution(numpy, images, filters), scale)
