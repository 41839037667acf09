package edge.proof

import edge.bundle.Exit
import edge.bundle.Source
import edge.json.JsonReader
import edge.ranker.Budget
import edge.ranker.Options
import edge.ranker.Ranker
import edge.text.Event
import edge.text.Item
import edge.text.Request
import edge.text.User
import edge.text.requestOf
import java.io.File
import java.util.Locale
import java.util.zip.ZipFile
import kotlin.system.exitProcess

private const val USERS = 500
private const val FLAT = 2.0

/**
 * Ranks for 500 users in turn, who come, meet events and go: `LeaksKt RANKS BUNDLE`. After the first tenth neither the
 * heap, once collected, nor what the process has resident may grow by 2 MB; prove.sh fixes the size of the heap.
 */
internal fun main(arguments: Array<String>) {
    val ranks = arguments[0].toInt()
    val bundle = File(arguments[1])
    val requests = requestsOf(bundle)
    val ranker = Source.file(bundle).use { Ranker.open(it, Options(memoryMb = 0.5)) }
    val measured = ArrayList<Pair<Double, Double>>()
    ranker.use {
        for (rank in 0 until ranks) {
            if (rank > 0 && rank % (ranks / 10) == 0) measured.add(memory())
            visit(ranker, requests[rank % requests.size], rank)
        }
        measured.add(memory())
    }
    val heap = measured.maxOf { it.first } - measured[0].first
    val resident = measured.maxOf { it.second } - measured[0].second
    println("$ranks requests of $USERS users: the heap grew by %.2f MB, the process by %.2f MB".format(Locale.ROOT, heap, resident))
    if (heap > FLAT || resident > FLAT) exitProcess(1)
}

/** One of a user's visits: each has a history of a length of its own. */
private fun visit(ranker: Ranker, request: Request, rank: Int) {
    val number = rank % USERS
    val user = ranker.user(User(request.user.attributes), request.events.take(number % (request.events.size + 1)))
    val candidates = (0 until 10).map { request.candidates[(rank + it) % request.candidates.size] }.distinctBy(Item::id)
    val exit: Exit = ranker.exits[rank % ranker.exits.size]
    val ranked = ranker.rank(user, candidates, Budget(exit = exit), request.time)
    val last = request.events.last()
    user.add(Event(ranked.items[0], last.attributes, last.time))
    ranker.rank(user, ranker.prepare(candidates), Budget(exit = exit), request.time)
    if (rank % 100 == 0) ranker.log()
}

private fun requestsOf(bundle: File): List<Request> {
    val lines = ZipFile(bundle).use { zip -> zip.getInputStream(zip.getEntry("golden.jsonl")).reader().readLines() }
    return lines.map { requestOf((JsonReader.read(it) as Map<*, *>)["request"]) }.filter { it.events.isNotEmpty() }
}

/** MB of the heap after a collection, and resident. */
private fun memory(): Pair<Double, Double> {
    repeat(2) { System.gc() }
    val runtime = Runtime.getRuntime()
    val resident = File("/proc/self/status").readLines().first { it.startsWith("VmRSS:") }.filter { it.isDigit() }.toLong()
    return (runtime.totalMemory() - runtime.freeMemory()) / 1e6 to resident * 1024 / 1e6
}
