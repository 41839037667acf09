"""What a bundle costs, in bytes, time and instructions, and whether it may ship."""
