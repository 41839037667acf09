package edge.plan

import edge.bundle.Exit

/** An exit, the AUC that was measured (null: unknown) and what it would cost in milliseconds. */
internal class Choice(val exit: Exit, val auc: Double?, val milliseconds: Double)

/**
 * The exit that a request takes (PLAN.md, section 4) of [choices]: without limits the deepest. [left] is what is left of
 * the budget, in calibrated milliseconds, null without one.
 */
internal fun choose(choices: List<Choice>, left: Double?, minAuc: Double?): Choice {
    val every = choices.sortedBy { it.exit }
    if (left == null && minAuc == null) return every.last()
    val good = every.filter { minAuc == null || (it.auc != null && it.auc >= minAuc) }
    if (left == null) return if (good.isEmpty()) best(every) else cheapest(good)
    val allowed = good.ifEmpty { every }
    val fitting = allowed.filter { it.milliseconds <= left }
    return if (fitting.isEmpty()) cheapest(allowed) else best(fitting)
}

/** The highest AUC, an unknown one below all others; of equals the deepest, which comes last. */
private fun best(ascending: List<Choice>): Choice {
    var best = ascending[0]
    for (one in ascending) if ((one.auc ?: -1.0) >= (best.auc ?: -1.0)) best = one
    return best
}

/** Of equals the shallowest, which comes first. */
private fun cheapest(ascending: List<Choice>): Choice {
    var cheapest = ascending[0]
    for (one in ascending) if (one.milliseconds < cheapest.milliseconds) cheapest = one
    return cheapest
}
