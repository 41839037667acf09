package edge.text

import java.math.BigDecimal
import java.math.MathContext
import java.math.RoundingMode

private const val EXACT_INTEGER = 1e15

/**
 * The shortest decimal that parses to the same double (SPEC.md, section 3, "Filters"), of a finite number.
 *
 * It does not ask `Double.toString`, which gives other digits on Android and before JDK 19.
 */
internal fun decimalOf(value: Double): BigDecimal {
    if (value >= -EXACT_INTEGER && value <= EXACT_INTEGER && value == Math.rint(value)) return BigDecimal(value.toLong())
    val exact = BigDecimal(value)
    for (digits in 15..16) {
        val rounded = exact.round(MathContext(digits, RoundingMode.HALF_EVEN))
        if (rounded.toString().toDouble() == value) return rounded.plain()
    }
    return exact.round(MathContext(17, RoundingMode.HALF_EVEN)).plain()
}

private fun BigDecimal.plain(): BigDecimal = if (signum() == 0) BigDecimal.ZERO else stripTrailingZeros()
