"""TensorRT's messages about engines, as public threads have them."""

import pytest

from compat import explain
from compat.convert import messages
from compat.matrix import Matrix

MATRIX = Matrix.load()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "The engine plan file is not compatible with this version of TensorRT, expecting library version "
            "8.5.1.7 got 8.5.3.1, please rebuild.",
            ("runtime is TensorRT 8.5.1.7", "engine is of 8.5.3.1"),
        ),
        ("expecting library version 8.6.1.6 got 0.0.0.0, please rebuild", ("no engine of a known form",)),
        (
            "Version tag does not match. Note: Current Version: 213, Serialized Engine Version: 205)",
            ("213 (TensorRT 8.4.0 to 8.4.3)", "205 (TensorRT 8.2.0 to 8.2.5)"),
        ),
        (
            "safeVersionRead == safeSerializationVersion failed. Version tag does not match. Note: Current Version: 0, "
            "Serialized Engine Version: 43)",
            ("8.2 or newer", "tag 43: TensorRT 8.0.0 to 8.0.3"),
        ),
        ("expecting compute 7.5 got compute 8.6, please rebuild", ("capability 7.5", "built on 8.6")),
    ],
)
def test_what_a_message_says(text, parts):
    (found,) = messages.read(text, MATRIX)
    for part in parts:
        assert part in found.text


def test_other_texts_say_nothing():
    assert messages.read("CUDA out of memory, Version 8.6", MATRIX) == ()


CONVERSION_TEXTS = [
    ("Error Code 4: Internal Error (Network has dynamic or shape inputs, but no optimization profile has been "
     "defined.)", "trt-no-profile"),
    ('Assertion failed: shiftIsAllZeros(zeroPoint) && "TRT only supports symmetric quantization - zeroPt must be all '
     'zeros"', "trt-asymmetric"),
    ("[TRT] [E] 10: Could not find any implementation for node {ForeignNode[transformer.wte.weight...MatMul_2899]}.",
     "trt-no-implementation"),
    ("'tensorrt_bindings.tensorrt.IBuilderConfig' object has no attribute 'max_workspace_size'", "trt-api-removed"),
    ("error: 'class nvinfer1::ICudaEngine' has no member named 'getNbBindings'", "trt-api-removed"),
    ("AttributeError: 'tensorrt.tensorrt.ICudaEngine' object has no attribute 'num_io_tensors'", "trt-api-removed"),
    ("AttributeError: 'NoneType' object has no attribute 'create_execution_context'", "engine-none"),
    ("1: [runtime.cpp::parsePlan::314] Error Code 1: Serialization (Serialization assertion plan->header.magicTag == "
     "rt::kPLAN_MAGIC_TAG failed.)", "engine-no-plan"),
    ("Serialization assertion plan->header.pad == expectedPlatformTag failed.Platform specific tag mismatch detected.",
     "engine-platform"),
    ("[stdArchiveReader.cpp::StdArchiveReader::35] Error Code 1: Serialization (Serialization assertion "
     "safeVersionRead == safeSerializationVersion failed.Version tag does not match. Note: Current Version: 0, "
     "Serialized Engine Version: 43)", "engine-version-tag"),
    ("[TensorRT] ERROR: INVALID_ARGUMENT: Cannot deserialize with an empty memory buffer.", "engine-cut-short"),
    ("[ErrorCode:ShapeInferenceNotRegistered] Non-zero status code returned while running TRTKernel_graph_torch_jit_0 "
     "node. Status Message: TensorRT EP failed to create engine from network.", "ort-trt-engine"),
    ("onnxruntime.capi.onnxruntime_pybind11_state.EPFail: [ONNXRuntimeError] : 11 : EP_FAIL : TensorRT EP could not "
     "build engine for fused node: TensorrtExecutionProvider_TRTKernel_graph_tf2onnx_1_1", "ort-trt-engine"),
    ("Fail: [ONNXRuntimeError] : 1 : FAIL : Load model from m.onnx failed:Fatal error: _DCNv2 is not a registered "
     "function/op", "ort-not-registered"),
    ("InvalidProtobuf: [ONNXRuntimeError] : 7 : INVALID_PROTOBUF : Load model from decoder.onnx failed:Protobuf "
     "parsing failed.", "onnx-protobuf"),
    ("google.protobuf.message.DecodeError: Error parsing message with type 'onnx.ModelProto'", "onnx-protobuf"),
    ("ModuleNotFoundError: No module named 'onnx.mapping'", "onnx-mapping-removed"),
    ("AttributeError: module 'onnx' has no attribute 'mapping'", "onnx-mapping-removed"),
    ("ModuleNotFoundError: No module named 'onnxscript'", "torch-onnx-missing"),
    ("torch.onnx.errors.UnsupportedOperatorError: Exporting the operator 'aten::unflatten' to ONNX opset version 12 is "
     "not supported.", "torch-onnx-operator"),
    ("Tensorflow op [StatefulPartitionedCall: StatefulPartitionedCall] is not supported", "tf2onnx-operator"),
    ("While parsing node number 178 [FusedConcatConv3x3 -> \"/model/lastconv.3/Conv_output_0\"]:", "trt-parsing-node"),
    ("getPluginCreator could not find plugin: LayerNormalization version: 1", "trt-no-importer"),
    ("Unsupported model IR version: 10, max supported IR version: 9", "onnx-ir"),
    ("Error Code 6: API Usage Error (Unable to load library: libnvinfer_builder_resource.so.8.6.1: cannot open shared "
     "object file: No such file or directory)", "soname-not-found"),
    ("Error Code 9: Skipping tactic. Target GPU SM 61 is not supported by this TensorRT release.",
     "trt-sm-unsupported"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "symptom"), CONVERSION_TEXTS)
def test_texts_of_the_conversion_steps_are_known(text, symptom):
    assert explain.read(text, MATRIX)[0].row["id"] == symptom
