package edge.android.measure

import edge.bundle.Exit
import edge.ranker.Budget
import edge.ranker.Ranker
import edge.text.Request

private val SCENARIOS = listOf("new", "new_items", "kept", "added")

/** Milliseconds of one request: the whole, and of the engine's parts. */
private class Taken(val whole: Double, val parts: Map<String, Double>)

/** Times requests at an exit in the situations that `edge-bench` names: what they presume is computed before, untimed. */
internal class Scenarios(private val ranker: Ranker, private val spent: MutableMap<String, Double>) {
    private val taken = HashMap<Pair<Exit, String>, MutableList<Taken>>()

    fun add(request: Request, exit: Exit) {
        val budget = Budget(exit = exit)
        ranker.forget()
        take(exit, "new") { ranker.rank(ranker.user(request.user, request.events), request.candidates, budget, request.time) }
        val handles = ranker.prepare(request.candidates, exit.encode)
        val user = ranker.user(request.user, request.events)
        ranker.rank(user, handles, budget, request.time)
        take(exit, "kept") { ranker.rank(user, handles, budget, request.time) }
        if (request.events.isNotEmpty()) { // what an event of a user without any would say is not known
            val growing = ranker.user(request.user, request.events.dropLast(1))
            ranker.rank(growing, handles, budget, request.time)
            take(exit, "added") {
                growing.add(request.events.last())
                ranker.rank(growing, handles, budget, request.time)
            }
        }
        ranker.forget() // the user keeps its timeline
        take(exit, "new_items") { ranker.rank(user, request.candidates, budget, request.time) }
    }

    /** As a measurement lists them. */
    fun summaries(): List<Map<String, Any?>> = taken.keys.sortedWith(compareBy({ it.first }, { SCENARIOS.indexOf(it.second) })).map { key ->
        val times = taken.getValue(key)
        val text = median(times.map { one -> one.whole - one.parts.values.sum() })
        val engine = PARTS.associateWith { part -> median(times.map { it.parts[part] ?: 0.0 }) }
        mapOf(
            "exit" to exitOf(key.first), "scenario" to key.second, "whole" to percentilesOf(times.map { it.whole }),
            "parts" to mapOf("text" to text) + engine,
        )
    }

    private fun take(exit: Exit, scenario: String, action: () -> Unit) {
        spent.clear()
        val started = System.nanoTime()
        action()
        val whole = (System.nanoTime() - started) / 1e6
        taken.getOrPut(exit to scenario) { ArrayList() }.add(Taken(whole, HashMap(spent)))
    }
}

internal fun exitOf(exit: Exit): Map<String, Any?> = mapOf("encode" to exit.encode, "interact" to exit.interact)

private fun median(values: List<Double>): Double = values.sorted().let { (it[(it.size - 1) / 2] + it[it.size / 2]) / 2 }
