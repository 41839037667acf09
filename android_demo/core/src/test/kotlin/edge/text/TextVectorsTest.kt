package edge.text

import edge.doubles
import edge.ints
import edge.kind
import edge.objectOf
import edge.refusal
import edge.vectorsOf
import java.security.MessageDigest
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals

class TextVectorsTest {
    private val vectors = vectorsOf("edge/text/vectors.jsonl")
    private val vocabularies = vectors.kind("vocabulary").associate { vector ->
        vector["name"] to (vector["tokens"] as List<*>).map { it as String }
    }

    @Test
    fun `every text is normalised`() {
        for (vector in vectors.kind("normalize")) {
            val text = vector["text"] as String
            assertEquals(vector["expect"], Normalizer(vector["lowercase"] as Boolean).normalize(text), text)
        }
    }

    @Test
    fun `every text is split into words`() {
        for (vector in vectors.kind("words")) {
            assertEquals(vector["expect"], Normalizer(true).words(vector["text"] as String), vector.toString())
        }
    }

    @Test
    fun `every code point is normalised and split`() {
        for (vector in vectors.kind("every_code_point")) {
            val points = (vector["ranges"] as List<*>).flatMap { range -> ints(range).let { it[0]..it[1] } }
            val text = points.joinToString(vector["separator"] as String) { String(Character.toChars(it)) }
            val normalizer = Normalizer(vector["lowercase"] as Boolean)
            val normalized = normalizer.normalize(text)
            assertEquals(vector["normalized_sha256"], sha256(normalized))
            assertEquals(vector["words_sha256"], sha256(normalizer.words(normalized).joinToString("\n")))
        }
    }

    @Test
    fun `every text becomes its ids`() {
        for (vector in vectors.kind("encode")) {
            val wordPiece = WordPiece(vocabularies.getValue(vector["vocabulary"]))
            val encoder = TextEncoder(wordPiece, vector["lowercase"] as Boolean)
            repeat(2) { assertEquals(ints(vector["expect"]), encoder.encode(vector["text"] as String).toList(), "$vector") }
        }
    }

    @Test
    fun `every bad template is refused at its column`() {
        for (vector in vectors.kind("parse")) {
            val message = refusal("$vector") { Template.parse(vector["template"] as String, "t") }
            assertContains(message, "column ${column(vector)}:", message = "$vector")
        }
    }

    @Test
    fun `every template is rendered or refused at its column`() {
        for (vector in vectors.kind("render")) {
            val template = Template.parse(vector["template"] as String, "t")
            val scope = User(objectOf(vector["scope"])).attributes
            if ("error" in vector) {
                val message = refusal("$vector") { template.render(scope) }
                assertContains(message, "column ${column(vector)}:", message = "$vector")
            } else {
                assertEquals(vector["expect"], template.render(scope), "$vector")
            }
        }
    }

    @Test
    fun `every logarithm is the same to the bit`() {
        for (vector in vectors.kind("log1p")) {
            val found = log1p((vector["value"] as Number).toDouble())
            assertEquals((vector["expect"] as Number).toDouble().toRawBits(), found.toRawBits(), "$vector")
        }
    }

    @Test
    fun `every number of a request is the same to the bit`() {
        for (vector in vectors.kind("numbers")) {
            val specs = (vector["numbers"] as List<*>).map { numberOf(it, "numbers") }
            val record = objectOf(vector["request"])
            val request = requestOf(record)
            if ("error" in vector) {
                val path = objectOf(vector["error"])["path"] as String
                assertContains(refusal("$vector") { numbersOf(specs, request) }, path, message = "$vector")
            } else {
                val (events, candidates) = numbersOf(specs, request)
                assertEquals(bits(vector["events"]), events.map { it.map(Float::toRawBits) }, "$vector")
                assertEquals(bits(vector["candidates"]), candidates.map { it.map(Float::toRawBits) }, "$vector")
            }
        }
    }

    @Test
    fun `every bad number is refused`() {
        for (vector in vectors.kind("number")) refusal("$vector") { numberOf(vector["number"], "number") }
    }

    @Test
    fun `every specification is read or refused`() {
        for (vector in vectors.kind("spec")) {
            val bytes = (vector["json"] as String).toByteArray()
            if ("error" in vector) {
                assertContains(refusal("$vector") { readTextSpec(bytes) }, path(vector), message = "$vector")
            } else {
                assertEquals(plain(vector["expect"]), plain(fieldsOf(readTextSpec(bytes))), "$vector")
            }
        }
    }

    @Test
    fun `every request is read or refused`() {
        for (vector in vectors.kind("request")) {
            val json = vector["json"] as String
            if ("error" in vector) {
                assertContains(refusal("$vector") { parseRequest(json) }, path(vector), message = "$vector")
            } else {
                assertEquals(requestOf(vector["expect"]), parseRequest(json), "$vector")
                assertEquals(requestOf(vector["expect"]), parseRequest(json.toByteArray()), "$vector")
            }
        }
    }

    @Test
    fun `every request becomes the segments of the full model`() {
        for (vector in vectors.kind("segments")) {
            val spec = readTextSpec(edge.json.writeJson(vector["spec"]).toByteArray())
            val encoder = TextEncoder(WordPiece(vocabularies.getValue(vector["vocabulary"])), spec.lowercase)
            val segmenter = Segmenter(spec, encoder)
            val request = requestOf(vector["request"])
            val found = segmenter.segments(request)
            val expect = objectOf(vector["expect"])
            assertEquals(expect["profile_text"], segmenter.profileText(request.user))
            assertEquals(expect["event_texts"], request.events.map(segmenter::eventText))
            assertEquals(expect["candidate_texts"], request.candidates.map(segmenter::candidateText))
            assertEquals((expect["user"] as List<*>).map(::ints), found.user)
            assertEquals(ints(expect["slots"]), found.slots)
            assertEquals((expect["candidates"] as List<*>).map(::ints), found.candidates)
        }
    }

    private fun numbersOf(specs: List<NumberSpec>, request: Request): Pair<List<FloatArray>, List<FloatArray>> {
        val numbers = UserNumbers(specs, request.user)
        val events = request.events.mapIndexed { index, event -> numbers.add(event, "events[$index]") }
        return events to request.candidates.mapIndexed { index, item -> numbers.of(item, request.time, "candidates[$index]") }
    }

    private fun bits(rows: Any?) = (rows as List<*>).map { row ->
        (row as List<*>).map { if (it == null) Float.NaN.toRawBits() else (it as Number).toFloat().toRawBits() }
    }

    private fun fieldsOf(spec: TextSpec): Map<String, Any?> = mapOf(
        "profile" to spec.profile, "item" to spec.item, "event" to spec.event, "context" to spec.context,
        "numbers" to spec.numbers.map(::fieldsOf), "max_events" to spec.maxEvents,
        "max_segment_tokens" to spec.maxSegmentTokens, "max_user_tokens" to spec.maxUserTokens,
        "lowercase" to spec.lowercase, "schema" to TEXT_SCHEMA,
    )

    private fun fieldsOf(number: NumberSpec): Map<String, Any?> = mapOf(
        "name" to number.name, "of" to number.of, "history" to number.history, "minus" to number.minus,
        "where" to number.where, "last" to number.last, "same" to number.same, "over" to number.over,
        "smoothing" to number.smoothing, "prior" to number.prior, "transform" to number.transform,
        "mean" to number.mean, "spread" to number.spread,
    )

    private fun plain(value: Any?): Any? = when (value) {
        is Map<*, *> -> value.mapValues { plain(it.value) }
        is List<*> -> value.map { plain(it) }
        is Number -> value.toDouble()
        else -> value
    }

    private fun column(vector: Map<String, Any?>) = objectOf(vector["error"])["column"]

    private fun path(vector: Map<String, Any?>) = objectOf(vector["error"])["path"] as String

    private fun sha256(text: String) = MessageDigest.getInstance("SHA-256")
        .digest(text.toByteArray()).joinToString("") { "%02x".format(java.util.Locale.ROOT, it) }
}
