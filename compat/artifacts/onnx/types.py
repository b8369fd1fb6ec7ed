"""Element types of the tensors between an ONNX model's nodes, as far as the file and the operators' definitions tell.

Known are the types of inputs, outputs, initializers and of what the exporter wrote down between; from there a type
follows an operator's definition (ONNX's operator schemas): most give what they get, a comparison gives Booleans. What
no rule covers stays unknown.
"""

from collections.abc import Sequence

UNKNOWN, FLOAT, UINT8, INT64, BOOL = 0, 1, 2, 7, 9  # TensorProto.DataType
_MOST = 100_000  # tensors whose type is remembered

# Operator -> the input whose type is the operator's own; 0 for all others.
OWN_INPUT = {"Where": 1, "OneHot": 2, "TensorScatter": 1}
# Operators without a data type of their own, or whose inputs are graphs.
NO_OWN_TYPE = frozenset(
    ("If", "Loop", "Scan", "Constant", "ConstantOfShape", "EyeLike", "RandomNormal", "RandomUniform", "Bernoulli",
     "Shape", "Size", "Optional", "SequenceConstruct", "SequenceEmpty", "SequenceAt", "SequenceInsert", "SequenceErase",
     "SequenceLength", "SplitToSequence", "ConcatFromSequence", "SequenceMap", "OptionalGetElement",
     "OptionalHasElement", "HannWindow", "HammingWindow", "BlackmanWindow", "MelWeightMatrix", "ImageDecoder")
)  # fmt: skip

_FIXED: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(
        ("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Xor", "Not", "IsNaN", "IsInf"),
        (BOOL,),
    ),
    **dict.fromkeys(("Shape", "Size", "NonZero", "ArgMax", "ArgMin", "NonMaxSuppression"), (INT64,)),
    "DynamicQuantizeLinear": (UINT8, FLOAT, UINT8),
}
# Operator -> for each output the input whose type it has; None for one that is unknown, a type as a negative number.
_SAME: dict[str, tuple[int | None, ...]] = {
    "Dropout": (0, -BOOL),
    "MaxPool": (0, -INT64),
    "TopK": (0, -INT64),
    "Where": (1,),
    "OneHot": (2,),
    "CastLike": (1,),
    "DequantizeLinear": (1,),
    "QLinearConv": (7,),
    "QLinearMatMul": (7,),
    "LayerNormalization": (0, None, None),
    "Unique": (0, -INT64, -INT64, -INT64),
    "Attention": (0, 4, 5, 0),
}
_KEEPS = frozenset(
    ("Abs", "Acos", "Acosh", "Add", "Asin", "Asinh", "Atan", "Atanh", "AveragePool", "BatchNormalization",
     "BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "Ceil", "Celu", "CenterCropPad", "Clip",
     "Col2Im", "Compress", "Concat", "Conv", "ConvTranspose", "Cos", "Cosh", "CumSum", "DFT", "DeformConv",
     "DepthToSpace", "Det", "Div", "Einsum", "Elu", "Erf", "Exp", "Expand", "Flatten", "Floor", "GRU", "Gather",
     "GatherElements", "GatherND", "Gelu", "Gemm", "GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool", "GridSample",
     "GroupNormalization", "HardSigmoid", "HardSwish", "Hardmax", "Identity", "InstanceNormalization", "LRN", "LSTM",
     "LeakyRelu", "Log", "LogSoftmax", "LpNormalization", "LpPool", "MatMul", "Max", "Mean",
     "MeanVarianceNormalization", "Min", "Mish", "Mod", "Mul", "Neg", "PRelu", "Pad", "Pow", "RMSNormalization", "RNN",
     "Range", "Reciprocal",
     "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd",
     "ReduceSum", "ReduceSumSquare", "Relu", "Reshape", "Resize", "ReverseSequence", "RoiAlign", "RotaryEmbedding",
     "Round", "STFT", "Scatter", "ScatterElements", "ScatterND", "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh",
     "Slice", "Softmax", "Softplus", "Softsign", "SpaceToDepth", "Split", "Sqrt", "Squeeze", "Sub", "Sum", "Swish",
     "Tan", "Tanh", "TensorScatter", "ThresholdedRelu", "Tile", "Transpose", "Trilu", "Unsqueeze", "Upsample")
)  # fmt: skip


class Types:
    """Tensor name -> element type, as TensorProto numbers them; what is not in it is unknown."""

    def __init__(self) -> None:
        self._known: dict[bytes, int] = {}

    def of(self, name: bytes) -> int:
        """The type of a tensor, UNKNOWN where it is not known."""
        return self._known.get(name, UNKNOWN)

    def put(self, name: bytes, kind: int) -> None:
        """Remember a tensor's type; the first word counts."""
        if name and kind and name not in self._known and len(self._known) < _MOST:
            self._known[name] = kind

    def node(self, operator: str, inputs: Sequence[bytes], outputs: Sequence[bytes], made: int) -> int:
        """Give a node's outputs their types and return the node's own; ``made`` is what an attribute of it says."""
        if made:
            for name in outputs[:1]:
                self.put(name, made)
        elif operator in _KEEPS:
            kind = self._input(inputs, 0)
            for name in outputs:
                self.put(name, kind)
        elif operator in _FIXED:
            for name, kind in zip(outputs, _FIXED[operator], strict=False):
                self.put(name, kind)
        elif operator in _SAME:
            for name, place in zip(outputs, _SAME[operator], strict=False):
                self.put(name, UNKNOWN if place is None else -place if place < 0 else self._input(inputs, place))
        elif operator == "QuantizeLinear":
            for name in outputs[:1]:
                self.put(name, self._input(inputs, 2) if len(inputs) > 2 and inputs[2] else UINT8)
        if operator in NO_OWN_TYPE:
            return made
        return self._input(inputs, OWN_INPUT.get(operator, 0))

    def _input(self, inputs: Sequence[bytes], place: int) -> int:
        return self.of(inputs[place]) if place < len(inputs) else UNKNOWN
