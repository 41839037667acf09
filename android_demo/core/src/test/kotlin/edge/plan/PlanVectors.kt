package edge.plan

import edge.bundle.Exit
import edge.bundle.MeasuredExit
import edge.caches.checkSummaries
import edge.doubles
import edge.ints
import edge.objectOf
import kotlin.test.assertEquals
import kotlin.test.assertTrue

/** Does what a vector of PLAN.md, section 8, says, and compares; so with `order`: [logits] to places, of section 6. */
internal fun checkPlan(vector: Map<String, Any?>) = when (val kind = vector["kind"]) {
    "exit" -> checkExit(vector)
    "first" -> checkFirst(vector)
    "pace" -> checkPace(vector)
    "texts" -> checkTexts(vector)
    "summaries" -> checkSummaries(vector)
    "order" -> checkOrder(vector)
    else -> error("a vector of $kind")
}

private fun checkExit(vector: Map<String, Any?>) {
    val costs = costsOf(objectOf(vector["costs"]))
    val works = objectOf(vector["works"]).mapValues { workOf(objectOf(it.value)) }
    val choices = (vector["exits"] as List<*>).map { listed ->
        val one = objectOf(listed)
        val exit = Exit(number(one, "encode"), number(one, "interact"))
        val work = works.getValue("${exit.encode}")
        val cost = work.milliseconds(costs, exit.encode, exit.interact, number(vector, "phrase_depth"))
        val aucs = listOf("auc", "validation_auc").map { (one[it] as Number?)?.toDouble() }
        Choice(MeasuredExit(exit, aucs[0], aucs[1], null), cost)
    }
    val left = (vector["budget_ms"] as Number?)?.toDouble()
    val found = choose(choices, left, (vector["min_auc"] as Number?)?.toDouble())
    val expected = objectOf(vector["expected"])
    assertEquals(Exit(number(expected, "encode"), number(expected, "interact")), found.exit, "$vector")
    assertNear((expected["milliseconds"] as Number).toDouble(), found.milliseconds, "$vector")
}

private fun checkFirst(vector: Map<String, Any?>) {
    val most = number(vector, "most")
    assertEquals(ints(vector["expected"]), ints(vector["events"]).map { firstOf(it, most) }, "most $most")
}

private fun checkPace(vector: Map<String, Any?>) {
    val pace = Pace()
    for ((step, expected) in (vector["steps"] as List<*>).zip(vector["expected"] as List<*>)) {
        val (cost, spent) = doubles(step)
        pace.add(cost, spent)
        val (factor, caution) = doubles(expected)
        assertNear(factor, pace.factor, "$vector")
        assertNear(caution, pace.caution, "$vector")
    }
}

private fun checkTexts(vector: Map<String, Any?>) {
    val events = number(vector, "events")
    val kept = if (vector["kept"] == null) listOf(0, 0) else ints(vector["kept"])
    val lacking = lackingOf(events, number(vector, "most"), kept[0], kept[1])
    val new = (lacking.from until events).map { "event $it" }
    val candidates = (0 until number(vector, "candidates")).map { "candidate $it" }
    val expected = objectOf(vector["expected"])
    assertEquals(expected["items"], (if (lacking.whole) listOf("profile") else listOf()) + new + candidates, "$vector")
    assertEquals(expected["phrases"], new + candidates, "$vector")
}

private fun checkOrder(vector: Map<String, Any?>) {
    val logits = (vector["logits"] as List<*>).map { (it as Number?)?.toFloat() ?: Float.NaN }.toFloatArray()
    assertEquals(ints(vector["expected"]), bestFirst(logits).toList(), "$vector")
}

private fun costsOf(values: Map<String, Any?>) = Costs(
    curveOf(values["chunk"]), curveOf(values["encode"]), curveOf(values["append"]),
    (values["score"] as List<*>).map(::curveOf),
)

private fun curveOf(points: Any?): Curve {
    val pairs = (points as List<*>).map(::doubles)
    return Curve(pairs.map { it[0].toInt() }.toIntArray(), pairs.map { it[1] }.toDoubleArray())
}

private fun workOf(values: Map<String, Any?>): Work {
    val candidates = number(values, "candidates")
    val without = (values["candidates_0"] as Number?)?.toInt() ?: candidates
    return Work(ints(values["chunks"]), ints(values["phrases"]), number(values, "entries"), candidates, without)
}

private fun number(values: Map<String, Any?>, key: String) = (values[key] as Number).toInt()

private fun assertNear(expected: Double, found: Double, what: String) =
    assertTrue(Math.abs(found - expected) <= 1e-6 * Math.abs(expected), "$found is not $expected: $what")
