package edge.ranker

import com.sun.management.ThreadMXBean
import edge.bundle.Bundle
import edge.bundle.Exit
import edge.bundle.Source
import edge.engine.Engine
import edge.engine.EngineLibrary
import edge.engine.Entries
import edge.engine.Reference
import edge.engine.Timeline
import edge.text.parseRequest
import java.io.File
import java.lang.management.ManagementFactory

private val THREADS = ManagementFactory.getThreadMXBean() as ThreadMXBean

/**
 * Times requests of a kept user with kept candidates: `RankTimesKt BUNDLE REQUEST`, then on standard input an exit and
 * a number of requests in a line, e.g. `1/2 50`. Each request is answered by the milliseconds that its thread computed,
 * those in the engine among them, and the bytes of the heap that it took: benchmarks/kotlin_exits.py reads them.
 */
internal fun main(arguments: Array<String>) {
    val (bundle, request) = arguments.map(::File)
    val asked = parseRequest(request.readBytes())
    Source.file(bundle).use { Ranker.open(it, Options(engine = Timed)) }.use { ranker ->
        val user = ranker.user(asked.user, asked.events)
        val handles = ranker.prepare(asked.candidates)
        println(ranker.exits.joinToString(" "))
        for (line in generateSequence(::readlnOrNull)) {
            val (exit, count) = line.split(' ')
            val (encode, interact) = exit.split('/').map { it.toInt() }
            val budget = Budget(exit = Exit(encode, interact))
            ranker.prepare(asked.candidates, encode)
            println((1..count.toInt()).joinToString(" ") { measured { ranker.rank(user, handles, budget, asked.time) } })
        }
    }
}

private fun measured(action: () -> Unit): String {
    val thread = Thread.currentThread().id
    Timed.nanoseconds = 0
    val bytes = THREADS.getThreadAllocatedBytes(thread)
    val computed = THREADS.currentThreadCpuTime
    action()
    val took = THREADS.currentThreadCpuTime - computed
    return "${took / 1e6},${Timed.nanoseconds / 1e6},${THREADS.getThreadAllocatedBytes(thread) - bytes}"
}

/** The reference engine, whose scoring is timed: nothing else is computed for what is kept. */
private object Timed : EngineLibrary("timed") {
    var nanoseconds = 0L

    override fun open(bundle: Bundle, directory: File?): Engine = TimedEngine(Reference.open(bundle, directory))

    private class TimedEngine(private val engine: Engine) : Engine by engine {
        override fun score(candidates: Entries, timeline: Timeline, depth: Int): FloatArray {
            val began = THREADS.currentThreadCpuTime
            return engine.score(candidates, timeline, depth).also { nanoseconds += THREADS.currentThreadCpuTime - began }
        }
    }
}
