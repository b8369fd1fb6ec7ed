"""TensorRT, the models that it reads and the engines that it writes."""
