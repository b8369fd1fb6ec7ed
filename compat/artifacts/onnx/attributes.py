"""Attributes of ONNX's operators: those on which a reader's support depends, and those that are not worth a look."""

# Attributes on which a reader's support of an operator depends, by the restrictions that the parsers list.
MATTER = {
    "Resize": ("mode", "coordinate_transformation_mode", "nearest_mode", "antialias", "keep_aspect_ratio_policy"),
    "Upsample": ("mode",),
    "Pad": ("mode",),
    "Cast": ("to",),
    "QuantizeLinear": ("axis", "block_size", "output_dtype"),
    "DequantizeLinear": ("axis", "block_size", "output_dtype"),
    "Constant": ("sparse_value", "value_string", "value_strings"),
    "LSTM": ("direction", "input_forget", "layout"),
    "GRU": ("direction", "linear_before_reset", "layout"),
    "RNN": ("direction", "layout"),
    "Einsum": ("equation",),
    "GridSample": ("mode", "padding_mode", "align_corners"),
    "RoiAlign": ("mode", "coordinate_transformation_mode"),
    "ScatterND": ("reduction",),
    "ScatterElements": ("reduction",),
    "MaxPool": ("ceil_mode", "storage_order", "dilations"),
    "AveragePool": ("ceil_mode", "count_include_pad", "dilations"),
    "LpPool": ("p", "dilations"),
    "LpNormalization": ("p",),
    "Conv": ("auto_pad",),
    "ConvTranspose": ("auto_pad",),
    "TopK": ("largest", "sorted"),
    "BatchNormalization": ("training_mode",),
    "Attention": ("is_causal", "softcap", "qk_matmul_output_mode"),
    "TensorScatter": ("axis",),
    "NonMaxSuppression": ("center_point_box",),
    "DepthToSpace": ("mode",),
    "Gelu": ("approximate",),
    "RandomNormal": ("dtype",),
    "RandomNormalLike": ("dtype",),
    "RandomUniform": ("dtype",),
    "RandomUniformLike": ("dtype",),
    "EyeLike": ("dtype",),
}
# Attributes that name the element type of the first output.
MAKES = ("to", "dtype", "output_dtype")
# Operators of which it matters how many outputs are used.
COUNTED = frozenset(("MaxPool", "LayerNormalization", "Attention", "BatchNormalization"))
# Attributes of ONNX's own operators that hold numbers only: not worth a look where none of the operator's matter.
PLAIN = tuple(
    bytes((10, len(name))) + name.encode()
    for name in (
        "kernel_shape",
        "strides",
        "pads",
        "dilations",
        "group",
        "auto_pad",
        "axis",
        "axes",
        "perm",
        "keepdims",
        "alpha",
        "beta",
        "transA",
        "transB",
        "epsilon",
        "momentum",
        "ceil_mode",
        "allowzero",
        "start",
        "end",
        "largest",
        "sorted",
        "num_outputs",
    )
)
