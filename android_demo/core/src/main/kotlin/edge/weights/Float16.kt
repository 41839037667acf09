package edge.weights

private const val INFINITE_HALF = 0x7C00
private const val LARGEST_BEFORE_INFINITY = 0x477FF000 // 65,520: from here on it rounds to an infinity
private const val LEAST_NORMAL = 0x38800000 // 2^-14

/** The nearest float16, ties to even, as its bits; subnormal ones are kept, beyond 65,504 it is infinite. */
internal fun toHalf(value: Float): Int {
    val bits = value.toRawBits()
    val sign = bits ushr 16 and 0x8000
    val magnitude = bits and 0x7FFFFFFF
    if (magnitude > 0x7F800000) return sign or INFINITE_HALF or 0x200
    if (magnitude >= LARGEST_BEFORE_INFINITY) return sign or INFINITE_HALF
    if (magnitude >= LEAST_NORMAL) return sign or (rounded(magnitude, 13) - (112 shl 10))
    val exponent = magnitude ushr 23
    if (exponent < 102) return sign
    return sign or rounded(magnitude and 0x7FFFFF or 0x800000, 126 - exponent)
}

/** value / 2^bits, ties to even. */
private fun rounded(value: Int, bits: Int): Int {
    val half = 1 shl (bits - 1)
    return (value + half - 1 + (value ushr bits and 1)) ushr bits
}

/** The float32 of a float16's bits. */
internal fun fromHalf(half: Int): Float {
    val sign = if (half and 0x8000 != 0) -1f else 1f
    val exponent = half ushr 10 and 31
    val fraction = half and 0x3FF
    return when (exponent) {
        0 -> sign * fraction * 5.9604645E-8f
        31 -> Float.fromBits(half and 0x8000 shl 16 or 0x7F800000 or (fraction shl 13))
        else -> Float.fromBits(half and 0x8000 shl 16 or (exponent + 112 shl 23) or (fraction shl 13))
    }
}
