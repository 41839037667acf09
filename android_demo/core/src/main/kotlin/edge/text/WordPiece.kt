package edge.text

import edge.EdgeError
import edge.json.JsonError
import edge.json.decodeUtf8

private const val MOST_WORD = 100
private const val UNKNOWN = 1
internal val SPECIAL_TOKENS = listOf("[PAD]", "[UNK]", "[MASK]", "[BOS']", "[EOS']", "[BOS]", "[EOS]")

/** Words to token ids: the longest piece first, no way back (SPEC.md, section 6). */
internal class WordPiece(tokens: List<String>) {
    private val starts = HashMap<String, Int>(tokens.size * 2)
    private val rests = HashMap<String, Int>()
    val size: Int = tokens.size

    init {
        val seen = HashSet<String>(tokens.size * 2)
        for ((id, token) in tokens.withIndex()) {
            if (token.isEmpty()) throw EdgeError("the vocabulary's line ${id + 1} is empty")
            if (!seen.add(token)) throw EdgeError("the vocabulary's line ${id + 1} repeats a token: ${shown(token)}")
            starts[token] = id
            if (token.startsWith("##")) rests[token.substring(2)] = id
        }
        if (tokens.take(SPECIAL_TOKENS.size) != SPECIAL_TOKENS) {
            throw EdgeError("the vocabulary does not begin with the special tokens", SPECIAL_TOKENS.joinToString(" "))
        }
    }

    /** Adds the ids of a word's pieces. */
    fun encode(word: String, ids: MutableList<Int>) {
        if (Character.codePointCount(word, 0, word.length) > MOST_WORD) {
            ids.add(UNKNOWN)
            return
        }
        val before = ids.size
        var begin = 0
        while (begin < word.length) {
            val table = if (begin == 0) starts else rests
            var end = word.length
            var id = table[word.substring(begin, end)]
            while (id == null && end > begin + 1) {
                end--
                if (!splitsPair(word, end)) id = table[word.substring(begin, end)]
            }
            if (id == null) {
                while (ids.size > before) ids.removeAt(ids.size - 1)
                ids.add(UNKNOWN)
                return
            }
            ids.add(id)
            begin = end
        }
    }

    private fun splitsPair(word: String, at: Int) = word[at].isLowSurrogate() && word[at - 1].isHighSurrogate()

    internal companion object {
        /** From `vocab.txt`: only U+000A ends a line. Errors: no UTF-8, an empty or repeated token. */
        fun read(bytes: ByteArray): WordPiece {
            val text = try {
                decodeUtf8(bytes)
            } catch (error: JsonError) {
                throw EdgeError("vocab.txt cannot be read", error.message.orEmpty())
            }
            return WordPiece(text.removeSuffix("\n").split('\n'))
        }
    }
}
