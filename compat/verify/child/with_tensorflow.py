"""TensorFlow: matrix product and convolution on each GPU."""

from __future__ import annotations

from typing import Any

from compat.verify.child import reference, result


def prove(options: result.Options) -> dict[str, Any]:
    """Compute on every GPU. Raises Absent, Wrong, and whatever TensorFlow raises."""
    tensorflow = result.load("tensorflow")
    numpy = result.load("numpy")
    gpus = tensorflow.config.list_physical_devices("GPU")
    if not gpus and not options.cpu:
        built = tensorflow.test.is_built_with_cuda()
        raise result.Wrong("TensorFlow sees no GPU" + ("" if built else ": this build has no CUDA"))
    tensorflow.config.set_soft_device_placement(False)
    found = []
    for number in range(len(gpus) or 1):
        place = f"/GPU:{number}" if gpus else "/CPU:0"
        details = tensorflow.config.experimental.get_device_details(gpus[number]) if gpus else {}
        name = details.get("device_name", place)
        precisions = (
            result.precisions(*details["compute_capability"]) if details.get("compute_capability") else ["fp32"]
        )
        for precision in precisions:
            found += _both(tensorflow, numpy, place, name, precision)
    return result.answer("tensorflow", tensorflow.__version__, "gpu" if gpus else "cpu", found)


def _both(tensorflow: Any, numpy: Any, place: str, name: str, precision: str) -> list[dict[str, Any]]:
    tensorflow.config.experimental.enable_tensor_float_32_execution(precision == "tf32")
    kind = {"fp16": tensorflow.float16, "bf16": tensorflow.bfloat16}.get(precision, tensorflow.float32)
    rounded = [tensorflow.cast(tensorflow.constant(one), kind) for one in reference.inputs(numpy)]
    a, b, x, w = (numpy.asarray(tensorflow.cast(one, tensorflow.float32)) for one in rounded)
    # The CPU has no convolution for NCHW, so the images are NHWC and the filters HWIO everywhere.
    images, filters = tensorflow.transpose(rounded[2], [0, 2, 3, 1]), tensorflow.transpose(rounded[3], [2, 3, 1, 0])
    with tensorflow.device(place):
        product = tensorflow.linalg.matmul(tensorflow.identity(rounded[0]), tensorflow.identity(rounded[1]))
        folded = tensorflow.nn.conv2d(tensorflow.identity(images), tensorflow.identity(filters), 1, "VALID")
    for one in (product, folded):
        if place[1:] not in one.device:
            raise result.Wrong(f"the result is on {one.device}, not on {place}")
    wide = [numpy.asarray(tensorflow.cast(one, tensorflow.float32)) for one in (product, folded)]
    product_error = reference.product_error(numpy, wide[0], a, b)
    return result.both(
        precision, product_error, reference.convolution_error(numpy, wide[1].transpose(0, 3, 1, 2), x, w), name
    )
