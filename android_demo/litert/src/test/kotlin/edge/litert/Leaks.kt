package edge.litert

import edge.bundle.Source
import edge.engine.EngineLibrary
import edge.ort.OnnxRuntime
import edge.ranker.Budget
import edge.ranker.Options
import edge.ranker.Ranker
import edge.text.Event
import java.io.File

private const val EACH = 1_000

/**
 * Ranks 10,000 times, each for a new user who gains an event, and prints the process's resident kilobytes after every 1,000; then
 * opens and closes the bundle 50 times: `LeaksKt litert|onnx BUNDLE DIRECTORY`. Give the JVM a heap that does not grow.
 */
public fun main(arguments: Array<String>) {
    val engine: EngineLibrary = if (arguments[0] == "litert") LiteRt() else OnnxRuntime()
    val (bundle, directory) = arguments.drop(1).map(::File)
    val options = Options(directory = directory, engine = engine, memoryMb = 1.0)
    Source.file(bundle).use { source ->
        Ranker.open(source, options).use(::rankMany)
        repeat(5) { round ->
            repeat(10) { Ranker.open(source, options).close() }
            println("opened ${10 * (round + 1)} times: ${resident()}")
        }
    }
}

private fun rankMany(ranker: Ranker) {
    val request = ranker.model.golden.lines.map { it.request }.maxBy { it.events.size }
    for (round in 1..10) {
        for (count in 0 until EACH) {
            val user = ranker.user(request.user, request.events.take(count % request.events.size))
            user.add(Event(request.candidates[0], request.events.last().attributes))
            ranker.rank(user, request.candidates, Budget(exit = ranker.exits[count % ranker.exits.size]), request.time)
        }
        println("ranked ${round * EACH} times: ${resident()}")
    }
}

private fun resident(): String {
    System.gc()
    return File("/proc/self/status").readLines().first { it.startsWith("VmRSS") }.filter { it.isDigit() } + " kB"
}
