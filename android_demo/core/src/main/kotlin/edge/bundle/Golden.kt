package edge.bundle

import edge.EdgeError
import edge.json.JsonError
import edge.json.JsonReader
import edge.json.decodeUtf8
import edge.text.Request
import edge.text.TextSpec
import edge.text.Texts
import edge.text.UserNumbers
import edge.text.requestOf

private const val NUMBER_TOLERANCE = 1e-4

/** A line of `golden.jsonl` (BUNDLE.md, section 3). */
internal class GoldenLine(
    @JvmField val id: String,
    @JvmField val request: Request,
    @JvmField val texts: Map<*, *>,
    @JvmField val ids: Map<*, *>,
    @JvmField val numbers: List<*>,
    @JvmField val logits: Map<Exit, List<Double>>,
)

/** Replays the golden requests of a bundle. Errors name the line's id and what differs. */
internal class Golden(private val manifest: Manifest, private val bytes: ByteArray, private val spec: TextSpec, private val texts: Texts) {
    val lines: List<GoldenLine> get() = read()

    /** Texts, token ids, numbers and the keys of logits, without an engine. */
    fun replayTexts() {
        for (line in lines) {
            replayTexts(line)
            replayNumbers(line)
        }
    }

    /** All logits: [score] gives those of a request at an exit, one for each candidate in its order. */
    fun replay(engine: String, score: (Request, Exit) -> FloatArray) {
        replayTexts()
        val tolerance = (manifest.tolerances[engine] ?: manifest.tolerance).toFloat()
        for (line in lines) {
            for ((exit, expected) in line.logits) {
                val found = score(line.request, exit)
                for ((index, logit) in expected.withIndex()) {
                    val difference = Math.abs(found[index] - logit.toFloat())
                    if (!(difference <= tolerance)) fail(line.id, "candidate $index at exit $exit is off by $difference")
                }
            }
        }
    }

    private fun replayTexts(line: GoldenLine) {
        val request = line.request
        val found = mapOf(
            "profile" to listOf(texts.profile(request.user)),
            "items" to request.events.map { texts.item(it.item) },
            "phrases" to request.events.map { texts.phrase(it) },
            "candidates" to request.candidates.map { texts.item(it) },
            "contexts" to request.candidates.map { texts.context(it) },
        )
        for ((key, rendered) in found) {
            if (line.texts[key] != rendered) fail(line.id, "the texts of $key differ")
            val ids = rendered.map { text -> texts.tokens(text).map { it.toLong() } }
            if (line.ids[key] != ids) fail(line.id, "the token ids of $key differ")
        }
    }

    private fun replayNumbers(line: GoldenLine) {
        val request = line.request
        val numbers = UserNumbers(spec.numbers, request.user)
        request.events.forEachIndexed { index, event -> numbers.add(event, "events[$index]") }
        if (line.numbers.size != request.candidates.size) fail(line.id, "the numbers are not one list for each candidate")
        request.candidates.forEachIndexed { index, item ->
            val found = numbers.of(item, request.time, "candidates[$index]")
            val expected = line.numbers[index] as? List<*> ?: fail(line.id, "numbers must be lists")
            if (expected.size != found.size) fail(line.id, "candidate $index has ${expected.size} numbers")
            for ((place, value) in expected.withIndex()) {
                if (!isNear(found[place], value)) fail(line.id, "number $place of candidate $index is ${found[place]}")
            }
        }
    }

    private fun isNear(found: Float, value: Any?): Boolean =
        if (value == null) found.isNaN() else value is Number && Math.abs(found - value.toDouble()) <= NUMBER_TOLERANCE

    private fun read(): List<GoldenLine> {
        val text = try {
            decodeUtf8(bytes)
        } catch (error: JsonError) {
            fail("", error.message.orEmpty())
        }
        if (text.isEmpty()) fail("", "it has no line")
        return text.removeSuffix("\n").split('\n').map(::lineOf)
    }

    private fun lineOf(line: String): GoldenLine {
        val values = try {
            ManifestValues.of("golden.jsonl", JsonReader.readStrictly(line))
        } catch (error: JsonError) {
            fail("", error.message.orEmpty())
        }
        val id = values.string("id")
        if (id.length !in 1..80 || !id.all { it in '!'..'~' }) fail("", "an id must be 1 to 80 visible ASCII characters")
        val request = requestOf(values.raw("request"))
        val logits = logitsOf(id, values.objectAt("logits"), request.candidates.size)
        return GoldenLine(
            id, request, mapOf(id, values.raw("texts")), mapOf(id, values.raw("ids")), values.list("numbers"), logits,
        )
    }

    private fun logitsOf(id: String, values: ManifestValues, candidates: Int): Map<Exit, List<Double>> {
        val exits = manifest.exits.map { it.exit }
        if (values.keys != exits.map { it.toString() }.toSet()) fail(id, "the logits are not those of the bundle's exits")
        return exits.associateWith { exit ->
            val logits = values.list(exit.toString()).map { (it as? Number)?.toDouble() ?: fail(id, "a logit is no number") }
            if (logits.size != candidates) fail(id, "exit $exit has ${logits.size} logits for $candidates candidates")
            logits
        }
    }

    private fun mapOf(id: String, value: Any?): Map<*, *> = value as? Map<*, *> ?: fail(id, "texts and ids must be objects")

    private fun fail(id: String, problem: String): Nothing {
        val where = if (id.isEmpty()) "golden.jsonl" else "golden request $id"
        throw EdgeError("$where: $problem", fix = "export the bundle again")
    }
}
