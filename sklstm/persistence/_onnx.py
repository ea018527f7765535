"""Networks as ONNX, for processes without TensorFlow."""


def with_onnx(fitted):
    """Return `fitted` with its networks as ONNX beside their layers and weights."""
    raise NotImplementedError("save(onnx=True) is not there yet.")


def served(fitted):
    """Return `fitted` with networks that onnxruntime runs."""
    raise NotImplementedError('load(runtime="onnx") is not there yet.')
