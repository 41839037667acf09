package edge

import edge.json.JsonReader
import java.io.File
import kotlin.test.assertTrue
import kotlin.test.fail

/** The repository, whose specifications' vectors the tests read. */
internal val REPOSITORY: File = File(System.getProperty("edge.repository") ?: "../..").absoluteFile

/** The vectors of a file with one JSON object a line. */
internal fun vectorsOf(path: String): List<Map<String, Any?>> =
    REPOSITORY.resolve(path).readLines().map { objectOf(JsonReader.read(it)) }

internal fun jsonOf(path: String): Any? = JsonReader.read(REPOSITORY.resolve(path).readText())

@Suppress("UNCHECKED_CAST")
internal fun objectOf(value: Any?): Map<String, Any?> = value as Map<String, Any?>

internal fun List<Map<String, Any?>>.kind(kind: String): List<Map<String, Any?>> =
    filter { it["kind"] == kind }.also { assertTrue(it.isNotEmpty(), "no vectors of $kind") }

internal fun doubles(value: Any?): List<Double> = (value as List<*>).map { (it as Number).toDouble() }

internal fun ints(value: Any?): List<Int> = (value as List<*>).map { (it as Number).toInt() }

internal fun hex(text: String): ByteArray = ByteArray(text.length / 2) { text.substring(2 * it, 2 * it + 2).toInt(16).toByte() }

/** The message of the refusal. Anything but an EdgeError fails. */
internal fun refusal(what: String, action: () -> Unit): String {
    try {
        action()
    } catch (error: EdgeError) {
        return error.message.orEmpty()
    }
    fail("accepted: $what")
}
