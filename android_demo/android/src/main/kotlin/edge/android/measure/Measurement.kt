package edge.android.measure

import edge.bundle.Source
import edge.json.JsonReader
import edge.json.writeJson
import edge.plan.Costs
import edge.plan.Curve
import edge.ranker.Budget
import edge.ranker.Options
import edge.ranker.Progress
import edge.ranker.Ranker
import java.io.File
import java.text.SimpleDateFormat
import java.util.Date
import java.util.Locale
import java.util.TimeZone

private const val SCHEMA = "edge-bench/measurement/2"

/** Where a measurement was taken, e.g. the model of the phone and "Android 16". */
public class Device(public val cpu: String, public val system: String, public val runtime: String)

/**
 * Measures a bundle on this device with its golden requests: a document for `edge-bench report`. It takes seconds to minutes.
 * The sizes are those of the bundle as it is here: give one that carries this engine alone.
 */
public fun measure(
    source: Source, options: Options, device: Device, repeats: Int = 5, progress: Progress = Progress { _, _ -> },
): String {
    val library = TimedLibrary(options.engine)
    val timed = Options(options.publicKey, options.memoryMb, 0, options.directory, library)
    val before = memory()
    val (firstOpen, _) = milliseconds { Ranker.open(source, timed).close() }
    val (open, ranker) = milliseconds { Ranker.open(source, timed) }
    ranker.use {
        val requests = ranker.model.golden.lines.map { it.request }
        val deepest = Budget(exit = ranker.exits.last())
        val (first, _) = milliseconds {
            ranker.rank(ranker.user(requests[0].user, requests[0].events), requests[0].candidates, deepest, requests[0].time)
        }
        val after = memory()
        val scenarios = Scenarios(ranker, library.spent)
        for (round in 0 until repeats) {
            for (request in requests) for (exit in ranker.exits) scenarios.add(request, exit)
            progress.report("round ${round + 1} of $repeats", (round + 1.0) / repeats)
        }
        val times = mapOf(
            "open_ms" to open, "first_ms" to first, "exits" to scenarios.summaries(), "requests" to requests.size,
            "repeats" to repeats, "resident" to maxOf(after - before, 0), "anonymous" to null, "process" to after,
            "first_open_ms" to firstOpen, "sustained" to null,
        )
        return writeJson(document(ranker, source, device, times))
    }
}

private fun document(ranker: Ranker, source: Source, device: Device, times: Map<String, Any?>): Map<String, Any?> {
    val bundle = ranker.model.bundle
    val manifest = JsonReader.readStrictly(bundle.manifestBytes) as Map<*, *>
    val exits = (manifest["exits"] as List<*>).map { it as Map<*, *> }.map { exit ->
        val place = mapOf("encode" to exit["encode"], "interact" to exit["interact"])
        mapOf("exit" to place, "quality" to exit["quality"], "calibration" to exit["calibration"])
    }
    val shape = bundle.manifest.shape
    val subject = mapOf(
        "name" to bundle.manifest.name, "sha256" to bundle.sha256, "download" to source.size,
        "installed" to bundle.installable.sumOf { it.bytes } + bundle.manifestBytes.size,
        "hidden" to shape.hidden, "places" to shape.places, "exits" to exits,
    )
    val host = mapOf(
        "cpu" to device.cpu, "cores" to Runtime.getRuntime().availableProcessors(), "system" to device.system,
        "python" to device.runtime, "load" to null,
    )
    return mapOf(
        "schema" to SCHEMA, "bundle" to subject, "engine" to ranker.model.engine.name, "threads" to 1, "host" to host,
        "date" to now(), "times" to times, "costs" to costsOf(ranker.model.costs),
    )
}

private fun costsOf(costs: Costs): Map<String, Any?> {
    fun points(curve: Curve) = curve.sizes.indices.map { listOf(curve.sizes[it].toDouble(), curve.milliseconds[it]) }
    return mapOf(
        "chunk" to points(costs.chunk), "encode" to points(costs.encode), "append" to points(costs.append),
        "score" to costs.score.map(::points),
    )
}

/** UTC, as ISO 8601. */
private fun now(): String {
    val format = SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss", Locale.ROOT)
    format.timeZone = TimeZone.getTimeZone("UTC")
    return format.format(Date()) + "+00:00"
}

/** Bytes that the process has in memory; 0 where the system does not tell. */
private fun memory(): Long {
    val status = File("/proc/self/status")
    val line = if (status.canRead()) status.readLines().firstOrNull { it.startsWith("VmRSS:") } else null
    return (line?.filter { it in '0'..'9' }?.toLongOrNull() ?: 0) * 1024
}

private fun <T> milliseconds(action: () -> T): Pair<Double, T> {
    val started = System.nanoTime()
    val result = action()
    return (System.nanoTime() - started) / 1e6 to result
}
