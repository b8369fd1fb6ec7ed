"""What runs inside the target environment: standard library and the library that is to be proven, nothing of ours."""
