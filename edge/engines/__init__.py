"""The engines that compute a bundle's scores, and what each must offer."""
