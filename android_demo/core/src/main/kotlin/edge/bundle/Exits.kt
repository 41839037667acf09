package edge.bundle

import edge.EdgeError

private const val MOST_DEPTH = 1_000L

/** After how many encode and how many interact layers a score is taken; ordered by the first, then by the second. */
public data class Exit(public val encode: Int, public val interact: Int) : Comparable<Exit> {
    override fun compareTo(other: Exit): Int =
        if (encode == other.encode) interact.compareTo(other.interact) else encode.compareTo(other.encode)

    override fun toString(): String = "$encode/$interact"
}

/** The chance of a like is the sigmoid of logit / temperature + offset, in doubles. */
internal class Calibration(private val temperature: Double, private val offset: Double) {
    fun chance(logit: Float): Double {
        val calibrated = logit.toDouble() / temperature + offset
        val power = Math.exp(-Math.abs(calibrated))
        return if (calibrated < 0) power / (1 + power) else 1 / (1 + power)
    }
}

/** An exit with its AUC on the test and validation split, null if not measured, and a calibration unless scores are ranks. */
internal class MeasuredExit(
    @JvmField val exit: Exit,
    @JvmField val auc: Double?,
    @JvmField val validationAuc: Double?,
    @JvmField val calibration: Calibration?,
)

/** The highest AUC on the validation split, or on the test split without one; of equals the deepest, which comes last. */
internal fun best(ascending: List<MeasuredExit>): MeasuredExit {
    var best = ascending[0]
    for (one in ascending) if (worth(one) >= worth(best)) best = one
    return best
}

private fun worth(one: MeasuredExit): Double = one.validationAuc ?: one.auc ?: -1.0

/** The exits of a manifest, ascending. Errors: such that the model cannot have, one twice, not the deepest. */
internal fun exitsOf(values: List<Any?>, encodeDepths: List<Int>, interactLayers: Int): List<MeasuredExit> {
    val exits = values.mapIndexed { index, value -> exitOf(ManifestValues.of("exits[$index]", value)) }
    for (one in exits) {
        if (one.exit.encode !in encodeDepths || one.exit.interact > interactLayers) {
            throw EdgeError("the manifest lists an exit ${one.exit}, which the model does not have")
        }
    }
    val listed = exits.map { it.exit }.toSet()
    if (listed.size < exits.size) throw EdgeError("the manifest lists an exit twice")
    val deepest = Exit(encodeDepths.last(), interactLayers)
    if (deepest !in listed) throw EdgeError("the manifest does not list the deepest exit, $deepest")
    return exits.sortedBy { it.exit }
}

private fun exitOf(values: ManifestValues): MeasuredExit {
    val exit = Exit(values.count("encode", 0, MOST_DEPTH).toInt(), values.count("interact", 0, MOST_DEPTH).toInt())
    val quality = values.objectAt("quality")
    for (metric in quality.keys) {
        when (metric as String) {
            "auc", "validation_auc", "user_auc", "ndcg@10" -> quality.number(metric, 0.0, 1.0)
            "log_loss" -> quality.number(metric, 0.0, Double.MAX_VALUE)
            else -> quality.number(metric)
        }
    }
    val calibration = if (values.raw("calibration") == null) null else calibrationOf(values.objectAt("calibration"))
    val aucs = listOf("auc", "validation_auc").map { if (it in quality) quality.number(it) else null }
    return MeasuredExit(exit, aucs[0], aucs[1], calibration)
}

private fun calibrationOf(values: ManifestValues): Calibration {
    val temperature = values.number("temperature", 0.0, 1_000.0)
    if (temperature == 0.0) values.fail("temperature", "above 0")
    return Calibration(temperature, values.number("offset", -1_000.0, 1_000.0))
}
