package edge.engine

private const val LEAST = -128f
private const val GREATEST = 127f
private const val NEAR_ZERO = 1e-12f

// ln(erfc(z) / t) + z * z as a polynomial of t = 1 / (1 + z / 2), lowest power first; see edge/engines/arithmetic.py.
private val ERFC = doubleArrayOf(
    -1.265578042, 1.001818217, 0.353201478, 0.232924512, -0.736143749, 1.720586749,
    -3.630209627, 4.314971755, -2.836915837, 0.990257856, -0.14491331,
)

/** x times the share of a normal distribution below x. */
internal fun gelu(x: Float): Float {
    val z = minOf(Math.abs(x) * Math.sqrt(0.5), 30.0)
    val t = 1 / (1 + 0.5 * z)
    var exponent = 0.0
    for (index in ERFC.indices.reversed()) exponent = exponent * t + ERFC[index]
    val tail = 0.5 * t * exp(exponent - z * z)
    return (x * (if (x < 0) tail else 1 - tail)).toFloat()
}

/** Of each number, in place. */
internal inline fun each(matrix: Matrix, function: (Float) -> Float): Matrix {
    val values = matrix.values
    for (index in matrix.begin until matrix.begin + matrix.size) values[index] = function(values[index])
    return matrix
}

/** The levels of a row less its zero, written to [levels]; the step between them (ENGINE.md, "Integers"). */
internal fun levelsOf(row: FloatArray, begin: Int, count: Int, levels: IntArray): Float {
    var low = 0f
    var high = 0f
    for (index in begin until begin + count) {
        low = minOf(low, row[index])
        high = maxOf(high, row[index])
    }
    val step = maxOf((high - low) / 255f, NEAR_ZERO)
    val zero = rint(LEAST - low / step).coerceIn(LEAST, GREATEST)
    val inverse = 1f / step
    for (index in 0 until count) {
        levels[index] = ((rint(row[begin + index] * inverse) + zero).coerceIn(LEAST, GREATEST) - zero).toInt()
    }
    return step
}

private fun rint(value: Float): Float = Math.rint(value.toDouble()).toFloat()

/** Each row divided by its length. */
internal fun unit(matrix: Matrix): Matrix {
    for (row in 0 until matrix.rows) {
        var square = 0.0
        for (column in 0 until matrix.columns) square += matrix[row, column].toDouble() * matrix[row, column]
        val length = maxOf(Math.sqrt(square).toFloat(), NEAR_ZERO)
        for (column in 0 until matrix.columns) matrix[row, column] /= length
    }
    return matrix
}

/** Numbers that sum to 1, in place: [count] from [begin] on. */
internal fun softmax(logits: FloatArray, begin: Int, count: Int) {
    var greatest = Float.NEGATIVE_INFINITY
    for (index in begin until begin + count) greatest = maxOf(greatest, logits[index])
    var sum = 0f
    for (index in begin until begin + count) {
        logits[index] = exp((logits[index] - greatest).toDouble()).toFloat()
        sum += logits[index]
    }
    for (index in begin until begin + count) logits[index] /= sum
}

internal fun logSigmoid(x: Float): Float =
    (minOf(x, 0f) - Math.log1p(exp(-Math.abs(x).toDouble()))).toFloat()
