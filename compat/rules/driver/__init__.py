"""The driver: the kernel's side and the user's, device nodes, and the GPUs that a process may use."""
