package edge.json

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith

class JsonReaderTest {
    @Test
    fun `values keep their kinds`() {
        val text = """{"a": [1, -0, 2.0, 1e3, true, false, null, "\u00e9\n\ud83d\ude00"], "b": {}}"""
        val expected = mapOf("a" to listOf(1L, 0L, 2.0, 1000.0, true, false, null, "é\n😀"), "b" to emptyMap<String, Any?>())
        assertEquals<Any?>(expected, JsonReader.readStrictly(text))
    }

    @Test
    fun `an integer beyond 64 bits is a double`() {
        assertEquals<Any?>(1e25, JsonReader.readStrictly("1" + "0".repeat(25)))
        assertEquals<Any?>(Double.POSITIVE_INFINITY, JsonReader.read("9".repeat(5_000)))
    }

    @Test
    fun `what is no JSON is refused`() {
        val bad = listOf(
            "", " ", "{", "[1,]", "{\"a\":1,}", "{a:1}", "01", "1.", ".5", "+1", "1e", "--1", "tru", "nul", "'a'", "[1] 2",
            "\"a", "\"\\x\"", "\"\\u12\"", "\"\t\"", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "\uFEFF1", "-", "1 1", "[1 2]", "\u00a01",
        )
        for (text in bad) assertFailsWith<JsonError>(text) { JsonReader.read(text) }
    }

    @Test
    fun `deep nesting is refused and not a stack overflow`() {
        assertFailsWith<JsonError> { JsonReader.read("[".repeat(1_000_000)) }
        assertFailsWith<JsonError> { JsonReader.read("{\"a\":".repeat(1_000_000)) }
    }

    @Test
    fun `a key is compared after its escapes`() {
        assertFailsWith<JsonError> { JsonReader.read("""{"a": 1, "\u0061": 1}""") }
    }

    @Test
    fun `strict reading refuses what the request names by its path`() {
        for (text in listOf("NaN", "Infinity", "-Infinity", "1e999", "\"\\ud800\"", "{\"\\udfff\": 1}", "9".repeat(400))) {
            JsonReader.read(text)
            assertFailsWith<JsonError>(text) { JsonReader.readStrictly(text) }
        }
    }

    @Test
    fun `bytes that are not UTF-8 are refused`() {
        val bad = listOf(byteArrayOf(-1), byteArrayOf(-64, -128), byteArrayOf(-19, -96, -128), byteArrayOf(-12, -112, -128, -128))
        for (bytes in bad) assertFailsWith<JsonError> { decodeUtf8(bytes) }
    }

    @Test
    fun `what is written is read back`() {
        val value = mapOf("a\"\\\u00e9😀\n" to listOf(1L, 0.1, null, true, 1e15, 5e-324), "b" to 24.0)
        val text = writeJson(value)
        assertEquals(true, text.all { it in ' '..'~' })
        assertEquals(objectOf(value).toString(), objectOf(JsonReader.readStrictly(text)).toString())
    }

    /** Numbers as doubles, however they are written. */
    private fun objectOf(value: Any?): Any? = when (value) {
        is Map<*, *> -> value.mapValues { objectOf(it.value) }
        is List<*> -> value.map { objectOf(it) }
        is Number -> value.toDouble()
        else -> value
    }
}
