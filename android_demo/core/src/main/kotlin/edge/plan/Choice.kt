package edge.plan

import edge.bundle.Exit
import edge.bundle.MeasuredExit
import edge.bundle.best

/** An exit that was measured, and what it would cost in milliseconds. */
internal class Choice(val measured: MeasuredExit, val milliseconds: Double) {
    val exit: Exit get() = measured.exit
}

/**
 * The exit that a request takes (PLAN.md, section 4) of [choices]: without limits the best. [left] is what is left of
 * the budget, in calibrated milliseconds, null without one.
 */
internal fun choose(choices: List<Choice>, left: Double?, minAuc: Double?): Choice {
    val every = choices.sortedBy { it.exit }
    val good = every.filter { minAuc == null || (it.measured.auc ?: 0.0) >= minAuc }
    if (left == null) return if (minAuc == null || good.isEmpty()) best(every) else cheapest(good)
    val allowed = good.ifEmpty { every }
    val fitting = allowed.filter { it.milliseconds <= left }
    return if (fitting.isEmpty()) cheapest(allowed) else best(fitting)
}

private fun best(ascending: List<Choice>): Choice {
    val best = best(ascending.map { it.measured })
    return ascending.first { it.measured === best }
}

/** Of equals the shallowest, which comes first. */
private fun cheapest(ascending: List<Choice>): Choice {
    var cheapest = ascending[0]
    for (one in ascending) if (one.milliseconds < cheapest.milliseconds) cheapest = one
    return cheapest
}
