"""ARM64 on this machine: what counts instructions under QEMU. The C files are compiled at first use."""
