package edge.litert

import com.sun.management.ThreadMXBean
import edge.bundle.Source
import edge.engine.EngineLibrary
import edge.ort.OnnxRuntime
import edge.ranker.Budget
import edge.ranker.Options
import edge.ranker.Ranked
import edge.ranker.Ranker
import edge.ranker.UserState
import edge.text.Event
import edge.text.parseRequest
import java.io.File
import java.lang.management.ManagementFactory

private const val MILLISECONDS = 1e6

/**
 * Answers requests of standard input, one in a line, so that another process can take turns with it:
 * `TurnsKt BUNDLE DIRECTORY litert|onnx`. For each it prints milliseconds, those of the processor, and allocated bytes of
 * the calls that benchmarks/port_speed.py names, then the scores of the last by item, as one JSON object.
 */
public fun main(arguments: Array<String>) {
    val (bundle, directory, engine) = arguments
    val library = mapOf<String, EngineLibrary>("litert" to LiteRt(), "onnx" to OnnxRuntime()).getValue(engine)
    val options = Options(directory = File(directory), engine = library, memoryMb = 64.0)
    Source.file(File(bundle)).use { Ranker.open(it, options) }.use { ranker ->
        ranker.verify()
        println("ready")
        for (line in generateSequence(::readlnOrNull)) println(turn(ranker, line))
    }
}

/** Milliseconds, those of the processor, and bytes of Java's heap that calls of this thread take, as JSON. */
private class Meter {
    private val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean
    private val thread = Thread.currentThread().id
    val costs = ArrayList<String>()

    fun timed(action: () -> Ranked): Ranked {
        val before = threads.getThreadAllocatedBytes(thread)
        val (started, worked) = System.nanoTime() to threads.currentThreadCpuTime
        val ranked = action()
        val taken = System.nanoTime() - started
        val work = threads.currentThreadCpuTime - worked
        val bytes = threads.getThreadAllocatedBytes(thread) - before
        costs.add("[${taken / MILLISECONDS}, ${work / MILLISECONDS}, $bytes]")
        return ranked
    }
}

/** The request's candidates are two lists of one length: new ones for a new user, then new ones for the kept user. */
private fun turn(ranker: Ranker, line: String): String {
    val request = parseRequest(line)
    val half = request.candidates.size / 2
    val (first, second) = request.candidates.take(half) to request.candidates.drop(half)
    val (shallowest, deepest) = Budget(exit = ranker.exits.first()) to Budget(exit = ranker.exits.last())
    val meter = Meter()
    ranker.forget()
    lateinit var user: UserState
    meter.timed {
        user = ranker.user(request.user, request.events)
        ranker.rank(user, first, deepest, request.time)
    }
    meter.timed { ranker.rank(user, second, deepest, request.time) }
    val handles = ranker.prepare(second)
    meter.timed { ranker.rank(user, handles, deepest, request.time) }
    meter.timed { ranker.rank(user, handles, shallowest, request.time) }
    user.add(Event(second[0], request.events.last().attributes, request.events.last().time))
    val last = meter.timed { ranker.rank(user, handles, deepest, request.time) }
    val scores = last.items.zip(last.scores).joinToString { (item, score) -> "\"${item.id}\": $score" }
    return "{\"costs\": [${meter.costs.joinToString()}], \"scores\": {$scores}}"
}
