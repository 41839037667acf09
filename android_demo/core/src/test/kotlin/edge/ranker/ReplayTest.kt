package edge.ranker

import edge.bundle.Exit
import edge.engine.Engine
import edge.engine.Entries
import edge.engine.Timeline
import edge.json.writeJson
import edge.refusal
import edge.text.Request
import edge.text.UserNumbers
import edge.weights.Tensor
import kotlin.test.Test
import kotlin.test.assertTrue

/** What is wrong in a port must not pass `verify`: each fault is one that a port could have. */
class ReplayTest {
    private val requests = (1..3).map { index ->
        Request(PROFILE, (0 until 3 * index).map(::eventOf), (index until index + 4).map(::itemOf), 100.0)
    }
    private val golden = goldenOf(tinyModel())

    @Test
    fun `a sound model passes, whatever is kept`() {
        for (memory in listOf(0.0, 64.0)) {
            Ranker(tinyModel(golden = golden), Options(memoryMb = memory)).use { ranker -> repeat(2) { ranker.verify() } }
        }
    }

    @Test
    fun `one wrong token id is named by its record`() {
        val swapped = tinyModel(golden = golden, vocabulary = { tokens -> tokens.swapped("green", "blue") })
        assertNames(swapped, "golden request 1", "token ids of items")
        val record = golden.lines()[1]
        val spoilt = golden.replace(record, record.replaceFirst(Regex("(\"candidates\": \\[\\[\\d+, )\\d+"), "$116"))
        assertTrue(spoilt != golden)
        assertNames(tinyModel(golden = spoilt), "golden request 2", "token ids of candidates")
    }

    @Test
    fun `two kinds that are swapped are named by the record and its exit`() {
        val all = tinyModel(golden = golden, weights = { it.with("kind.weight") { rows -> rows.drop(8) + rows.take(8) } })
        assertNames(all, "golden request 1", "exit 1/0")
        val profile = tinyModel(golden = golden, weights = { weights ->
            weights.with("kind.weight") { rows -> rows.slice(8 until 16) + rows.slice(0 until 8) + rows.drop(16) }
        })
        assertNames(profile, "golden request 1", "exit 1/1")
    }

    @Test
    fun `distances that are one bucket off are named by the record and its exit`() {
        val shifted = tinyModel(golden = golden, weights = { weights ->
            weights.with("distance") { all -> all.chunked(6).flatMap { it.drop(1) + it.last() } }
        })
        assertNames(shifted, "golden request 1", "exit 1/1")
    }

    @Test
    fun `a wrong text, number or logit is named by its record`() {
        val text = golden.replaceFirst(Regex("(\"phrases\": \\[\")"), "$1not ")
        assertNames(tinyModel(golden = text), "golden request 1", "texts of phrases")
        val record = golden.lines()[2]
        val numbers = record.replaceFirst(Regex("(\"numbers\": \\[\\[)-?[0-9.]+"), "$19.5")
        assertNames(tinyModel(golden = golden.replace(record, numbers)), "golden request 3", "number 0 of candidate 0")
        val nothing = tinyModel(golden = golden, wrap = { engine -> NotANumber(engine) })
        assertNames(nothing, "golden request 1", "exit 1/0")
    }

    private fun assertNames(model: Model, record: String, what: String) {
        val message = Ranker(model, Options()).use { ranker -> refusal(what) { ranker.verify() } }
        assertTrue(record in message && what in message, message)
    }

    /** The lines of `golden.jsonl` that a model itself answers. */
    private fun goldenOf(model: Model): String = Ranker(model, Options()).use { ranker ->
        requests.withIndex().joinToString("\n") { (index, request) -> writeJson(recordOf(model, ranker, "${index + 1}", request)) }
    }

    private fun recordOf(model: Model, ranker: Ranker, id: String, request: Request): Map<String, Any?> {
        val texts = mapOf(
            "profile" to listOf(model.texts.profile(request.user)),
            "items" to request.events.map { model.texts.item(it.item) },
            "phrases" to request.events.map { model.texts.phrase(it) },
            "candidates" to request.candidates.map { model.texts.item(it) },
            "contexts" to request.candidates.map { model.texts.context(it) },
        )
        val numbers = UserNumbers(model.spec.numbers, request.user)
        for (event in request.events) numbers.add(event, "")
        return mapOf(
            "id" to id,
            "request" to mapOf(
                "user" to request.user.attributes,
                "events" to request.events.map { mapOf("item" to it.item.attributes, "time" to it.time) + it.attributes },
                "candidates" to request.candidates.map { mapOf("id" to it.id) + it.attributes },
                "time" to request.time,
            ),
            "texts" to texts,
            "ids" to texts.mapValues { (_, all) -> all.map { model.texts.tokens(it).asList() } },
            "numbers" to request.candidates.map { item ->
                numbers.of(item, request.time, "").map { if (it.isNaN()) null else it.toDouble() }
            },
            "logits" to ranker.exits.associate { exit: Exit -> "$exit" to ranker.logits(request, exit).map { it.toDouble() } },
        )
    }

    private fun Map<String, Tensor>.with(name: String, change: (List<Float>) -> List<Float>): Map<String, Tensor> {
        val tensor = getValue(name)
        return this + (name to Tensor.ofFloats(name, tensor.shape, change(tensor.floats!!.asList()).toFloatArray()))
    }

    private fun List<String>.swapped(one: String, other: String) = map { if (it == one) other else if (it == other) one else it }
}

private class NotANumber(private val engine: Engine) : Engine by engine {
    override fun score(candidates: Entries, timeline: Timeline, depth: Int) = FloatArray(candidates.count) { Float.NaN }
}
