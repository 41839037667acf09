package edge.ranker

import edge.bundle.lockingDirectory
import edge.bundle.removeOthers
import edge.bundle.replaceFile
import edge.engine.Engine
import edge.json.JsonError
import edge.json.JsonReader
import edge.json.writeJson
import edge.plan.Costs
import edge.plan.Curve
import java.io.File
import java.io.IOException

private const val PREFIX = "costs-"

/**
 * The engine's costs on this device: read from a file in [directory], or measured and written there. If the file cannot
 * be read or is invalid, they are measured again; if it cannot be written, there is none. The files of this bundle
 * stay, and the newest file of another bundle: it may be the version that is still in use.
 */
internal fun keptCosts(directory: File?, sha256: String, engine: Engine): Costs {
    if (directory == null) return calibrate(engine)
    return try {
        lockingDirectory(directory) { readOrMeasure(File(directory, "$PREFIX$sha256-${engine.name}.json"), sha256, engine) }
    } catch (error: IOException) {
        calibrate(engine)
    }
}

private fun readOrMeasure(file: File, sha256: String, engine: Engine): Costs {
    removeOthers(file.parentFile!!, PREFIX, sha256)
    read(file, engine.shape.interactLayers)?.let { return it.also { warmUp(engine) } }
    val costs = calibrate(engine)
    try {
        replaceFile(file) { it.write(writeJson(plain(costs)).toByteArray()) }
    } catch (error: IOException) {
        // The next opening measures again.
    }
    return costs
}

private fun read(file: File, interactLayers: Int): Costs? {
    val values = try {
        JsonReader.readStrictly(file.readBytes()) as? Map<*, *>
    } catch (error: IOException) {
        null
    } catch (error: JsonError) {
        null
    }
    val score = (values?.get("score") as? List<*>)?.map { curveOf(it) ?: return null }
    if (score == null || score.size != interactLayers + 1) return null
    return Costs(
        curveOf(values["chunk"]) ?: return null, curveOf(values["encode"]) ?: return null,
        curveOf(values["append"]) ?: return null, score,
    )
}

/** Of [[size, milliseconds], ...]; null if the value is not that, or the sizes do not ascend. */
private fun curveOf(value: Any?): Curve? {
    val points = (value as? List<*>)?.map { point -> (point as? List<*>)?.map { (it as? Number)?.toDouble() } }
    if (points.isNullOrEmpty() || points.any { it?.size != 2 || it.any { number -> number == null || number < 0 } }) return null
    val sizes = points.map { it!![0]!!.toInt() }
    if (sizes.zipWithNext().any { (low, high) -> low >= high }) return null
    return Curve(sizes.toIntArray(), points.map { it!![1]!! }.toDoubleArray())
}

private fun plain(costs: Costs): Map<String, Any?> = mapOf(
    "chunk" to plain(costs.chunk), "encode" to plain(costs.encode), "append" to plain(costs.append),
    "score" to costs.score.map(::plain),
)

private fun plain(curve: Curve): List<List<Any>> = curve.sizes.mapIndexed { index, size -> listOf(size, curve.milliseconds[index]) }
