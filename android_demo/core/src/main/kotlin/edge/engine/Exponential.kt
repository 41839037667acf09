package edge.engine

private const val STEPS = 128
private const val BITS = 7
private const val MOST = 700.0
private const val STEPS_PER_UNIT = STEPS / 0.6931471805599453
private const val STEP = 0.6931471805599453 / STEPS
private val POWERS = DoubleArray(STEPS) { Math.pow(2.0, it.toDouble() / STEPS) }

/**
 * e^x, at most 4e-11 off, relatively: x is a whole number of steps of ln(2) / 128 and a rest, of which four terms of the
 * series are enough. `Math.exp` takes twice as long on a JVM, and more on Android, which computes it in native code.
 */
internal fun exp(x: Double): Double {
    if (!(x > -MOST && x < MOST)) return Math.exp(x)
    val steps = Math.rint(x * STEPS_PER_UNIT)
    val rest = x - steps * STEP
    val step = steps.toInt()
    val power = Double.fromBits((step shr BITS) + 1023L shl 52)
    return power * POWERS[step and STEPS - 1] * (1 + rest * (1 + rest * (0.5 + rest / 6)))
}
