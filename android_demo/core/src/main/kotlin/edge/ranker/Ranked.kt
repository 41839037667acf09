package edge.ranker

import edge.bundle.Exit
import edge.text.Item

/** The answer to a request, best first. Scores are probabilities if the explanation says so, otherwise logits. */
public class Ranked internal constructor(
    public val items: List<Item>,
    public val scores: List<Double>,
    public val explanation: Explanation,
)

/**
 * How an answer came about. [auc] is the exit's AUC on the test split when the bundle was made; null if it was not
 * measured.
 */
public class Explanation internal constructor(
    public val exit: Exit,
    /** The exit that was chosen before anything was computed. */
    public val planned: Exit,
    public val predictedMs: Double,
    public val spentMs: Double,
    /** How many items and profiles were encoded for this request. */
    public val newTexts: Int,
    public val keptTexts: Int,
    public val newEvents: Int,
    public val keptEvents: Int,
    public val auc: Double?,
    public val budgetMs: Double?,
    public val minAuc: Double?,
    public val probabilities: Boolean,
) {
    /** The limits that were missed, in words. */
    public val missed: List<String>
        get() {
            val found = ArrayList<String>()
            if (budgetMs != null && spentMs > budgetMs) found.add("${tenths(spentMs - budgetMs)} ms over $budgetMs ms")
            if (minAuc != null && (auc == null || auc < minAuc)) {
                found.add(if (auc == null) "an unknown AUC for at least $minAuc" else "AUC ${minAuc - auc} below $minAuc")
            }
            return found
        }

    override fun toString(): String {
        val late = if (missed.isEmpty()) "" else "; missed: ${missed.joinToString()}"
        return "exit $exit ($planned planned), ${tenths(spentMs)} ms, ${tenths(predictedMs)} predicted, " +
            "$newTexts new of ${newTexts + keptTexts} texts, $newEvents new of ${newEvents + keptEvents} events$late"
    }

    private fun tenths(value: Double) = Math.round(value * 10) / 10.0
}
