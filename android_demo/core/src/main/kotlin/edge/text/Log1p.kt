package edge.text

private const val SQUARE_ROOT_OF_HALF = 0.7071067811865476
private const val LOG_OF_2 = 0.6931471805599453

/** log(1 + |v|) with the sign of v, the same to the bit on every platform (SPEC.md, section 8). */
internal fun log1p(value: Double): Double {
    val a = 1 + Math.abs(value)
    var exponent = Math.getExponent(a) + 1
    var fraction = Math.scalb(a, -exponent)
    if (fraction < SQUARE_ROOT_OF_HALF) {
        fraction *= 2
        exponent--
    }
    val z = (fraction - 1) / (fraction + 1)
    val q = z * z
    var r = 0.0
    for (k in 23 downTo 3 step 2) r = (r + 1.0 / k) * q
    return Math.copySign(exponent * LOG_OF_2 + 2 * z * (r + 1), value)
}
