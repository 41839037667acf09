"""The contract and the runtime: what a phone must do is defined here. Never imports torch."""
