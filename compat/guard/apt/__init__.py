"""The gate in front of apt: what it tells a Pre-Install-Pkgs hook, what that does to the machine, the hook itself."""
