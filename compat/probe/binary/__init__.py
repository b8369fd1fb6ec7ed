"""What files of the loader, the kernel and the CUDA compiler say of themselves; nothing is loaded."""
