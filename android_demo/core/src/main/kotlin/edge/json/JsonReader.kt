package edge.json

/** Why a text is not the JSON that it must be. Whoever reads a file or a request wraps it in an EdgeError. */
internal class JsonError(reason: String) : Exception(reason)

/**
 * JSON as the texts of the project read it: no key twice, nothing after the value.
 *
 * Objects are maps in their order, lists are lists, integers are Long as far as they fit, all other numbers Double.
 * [strict] refuses NaN, infinities, 1e999 and halves of surrogate pairs. Without it they are read as values, so that a
 * request can name their path.
 */
internal class JsonReader private constructor(private val text: String, private val strict: Boolean) {
    private var at = 0

    private fun whole(): Any? {
        if (text.startsWith('\uFEFF')) fail("it starts with a byte order mark")
        val value = value(0)
        skipSpace()
        if (at < text.length) fail("something follows the value at character ${at + 1}")
        return value
    }

    private fun value(depth: Int): Any? {
        if (depth > MOST_DEPTH) fail("it is nested too deeply")
        skipSpace()
        return when (val char = peek()) {
            '{' -> objectValue(depth)
            '[' -> listValue(depth)
            '"' -> stringValue()
            't' -> word("true", true)
            'f' -> word("false", false)
            'n' -> word("null", null)
            'N' -> constant("NaN", Double.NaN)
            'I' -> constant("Infinity", Double.POSITIVE_INFINITY)
            else -> if (char == '-' || char in '0'..'9') numberValue() else unexpected()
        }
    }

    private fun objectValue(depth: Int): Map<String, Any?> {
        val values = LinkedHashMap<String, Any?>()
        at++
        skipSpace()
        if (take('}')) return values
        while (true) {
            skipSpace()
            if (peek() != '"') unexpected()
            val key = stringValue()
            if (values.containsKey(key)) fail("the key '$key' stands twice in one object")
            skipSpace()
            if (!take(':')) unexpected()
            values[key] = value(depth + 1)
            skipSpace()
            if (take('}')) return values
            if (!take(',')) unexpected()
        }
    }

    private fun listValue(depth: Int): List<Any?> {
        val values = ArrayList<Any?>()
        at++
        skipSpace()
        if (take(']')) return values
        while (true) {
            values.add(value(depth + 1))
            skipSpace()
            if (take(']')) return values
            if (!take(',')) unexpected()
        }
    }

    private fun stringValue(): String {
        at++
        val begin = at
        while (peek() != '"' && peek() != '\\') plainChar()
        var result = text.substring(begin, at)
        if (peek() == '\\') {
            val builder = StringBuilder(result)
            while (peek() != '"') {
                if (peek() == '\\') builder.append(escape()) else builder.append(plainChar())
            }
            result = builder.toString()
        }
        at++
        if (strict && halfOfPair(result) >= 0) fail("a string holds half of a surrogate pair, before character ${at + 1}")
        return result
    }

    private fun plainChar(): Char {
        val char = peek()
        if (char < ' ') unexpected()
        at++
        return char
    }

    private fun escape(): Char {
        at++
        val char = peek()
        at++
        return when (char) {
            '"', '\\', '/' -> char
            'b' -> '\b'
            'f' -> '\u000C'
            'n' -> '\n'
            'r' -> '\r'
            't' -> '\t'
            'u' -> unit()
            else -> {
                at--
                unexpected()
            }
        }
    }

    private fun unit(): Char {
        var code = 0
        repeat(4) {
            val digit = when (val char = peek()) {
                in '0'..'9' -> char - '0'
                in 'a'..'f' -> char - 'a' + 10
                in 'A'..'F' -> char - 'A' + 10
                else -> unexpected()
            }
            code = code * 16 + digit
            at++
        }
        return code.toChar()
    }

    private fun numberValue(): Number {
        val begin = at
        take('-')
        if (at < text.length && text[at] == 'I') return -constant("Infinity", Double.POSITIVE_INFINITY)
        if (!take('0')) digits()
        var integer = true
        if (take('.')) {
            digits()
            integer = false
        }
        if (take('e') || take('E')) {
            if (!take('+')) take('-')
            digits()
            integer = false
        }
        val digits = text.substring(begin, at)
        val number = (if (integer) digits.toLongOrNull() else null) ?: digits.toDouble()
        if (strict && number is Double && number.isInfinite()) fail("the number before character ${at + 1} is too large")
        return number
    }

    private fun digits() {
        if (peek() !in '0'..'9') unexpected()
        while (at < text.length && text[at] in '0'..'9') at++
    }

    private fun constant(name: String, value: Double): Double {
        word(name, value)
        if (strict) fail("$name is no number of JSON")
        return value
    }

    private fun <T> word(name: String, value: T): T {
        if (!text.startsWith(name, at)) unexpected()
        at += name.length
        return value
    }

    private fun skipSpace() {
        while (at < text.length && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t')) at++
    }

    private fun peek(): Char = if (at < text.length) text[at] else fail("it ends too early")

    private fun take(char: Char): Boolean {
        if (at >= text.length || text[at] != char) return false
        at++
        return true
    }

    private fun unexpected(): Nothing = fail("unexpected text at character ${at + 1}")

    private fun fail(reason: String): Nothing = throw JsonError(reason)

    internal companion object {
        private const val MOST_DEPTH = 100

        /** A request: what is no number, and half of a character, is left to whoever knows its path. */
        fun read(text: String): Any? = JsonReader(text, strict = false).whole()

        /** A file of a bundle. */
        fun readStrictly(text: String): Any? = JsonReader(text, strict = true).whole()

        /** A file of a bundle, as its bytes. */
        fun readStrictly(bytes: ByteArray): Any? = readStrictly(decodeUtf8(bytes))
    }
}
