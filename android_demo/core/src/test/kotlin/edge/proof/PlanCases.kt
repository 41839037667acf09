package edge.proof

import edge.json.JsonReader
import edge.objectOf
import edge.plan.checkPlan

/** Checks the vectors on standard input, a JSON object a line: tests/android_demo/plan_cases.py writes them. */
internal fun main() {
    val kinds = sortedMapOf<String, Int>()
    for (line in generateSequence(::readlnOrNull)) {
        val vector = objectOf(JsonReader.read(line))
        checkPlan(vector)
        kinds.merge(vector["kind"] as String, 1, Int::plus)
    }
    check(kinds.size == 6) { "only vectors of $kinds" }
    println("${kinds.values.sum()} plans as in Python: ${kinds.entries.joinToString { "${it.value} ${it.key}" }}")
}
