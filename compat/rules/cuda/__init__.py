"""CUDA between driver and program: forward compatibility, compilers, releases older than the GPU."""
