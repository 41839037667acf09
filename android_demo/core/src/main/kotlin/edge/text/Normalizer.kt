package edge.text

private const val FIRST_HANGUL = 0xAC00
private const val LAST_HANGUL = 0xD7A3
private const val FIRST_MARK = '\u0300'

/** Normalisation and the split into words (SPEC.md, sections 5 and 6). */
internal class Normalizer(private val lowercase: Boolean, private val table: CharacterTable = CharacterTable.shared) {
    fun normalize(text: String): String {
        val out = StringBuilder(text.length)
        var index = 0
        while (index < text.length) {
            val point = text.codePointAt(index)
            index += Character.charCount(point)
            if (point in 'a'.code..'z'.code || point == ' '.code) out.append(point.toChar()) else append(point, out)
        }
        return if (lowercase && out.any { it >= FIRST_MARK || it == '\u0000' }) ordered(out) else out.toString()
    }

    private fun append(point: Int, out: StringBuilder) {
        if (point in table.removed) {
            wall(point, out)
            return
        }
        if (point in table.spaces) {
            out.append(' ')
            return
        }
        val replacement = if (lowercase) table.fold(point) else null
        when {
            replacement != null -> out.append(replacement)
            point in table.ideographs -> out.append(' ').appendCodePoint(point).append(' ')
            lowercase && point in FIRST_HANGUL..LAST_HANGUL -> letters(point - FIRST_HANGUL, out)
            lowercase && point in table.dropped -> wall(point, out)
            else -> out.appendCodePoint(point)
        }
    }

    /** A character of `walls` leaves U+0000 until marks are ordered. */
    private fun wall(point: Int, out: StringBuilder) {
        if (lowercase && point in table.walls) out.append('\u0000')
    }

    private fun letters(syllable: Int, out: StringBuilder) {
        out.append((0x1100 + syllable / 588).toChar()).append((0x1161 + syllable % 588 / 28).toChar())
        if (syllable % 28 != 0) out.append((0x11A7 + syllable % 28).toChar())
    }

    /** Each run of marks sorted by their groups, equal ones as they were; walls end a run and go. */
    private fun ordered(text: CharSequence): String {
        val out = StringBuilder(text.length)
        val run = ArrayList<Int>()
        var index = 0
        while (index < text.length) {
            val point = Character.codePointAt(text, index)
            index += Character.charCount(point)
            if (table.group(point) >= 0) {
                run.add(point)
            } else {
                flush(run, out)
                if (point != 0) out.appendCodePoint(point)
            }
        }
        flush(run, out)
        return out.toString()
    }

    private fun flush(run: ArrayList<Int>, out: StringBuilder) {
        if (run.size > 1) run.sortBy { table.group(it) }
        for (point in run) out.appendCodePoint(point)
        run.clear()
    }

    /** The words of a normalised text: split at spaces, each character of `punctuation` alone. */
    fun words(normalized: String): List<String> {
        val words = ArrayList<String>()
        var begin = 0
        var index = 0
        while (index < normalized.length) {
            val point = normalized.codePointAt(index)
            val next = index + Character.charCount(point)
            val space = point == ' '.code
            if (space || point in table.punctuation) {
                if (index > begin) words.add(normalized.substring(begin, index))
                if (!space) words.add(normalized.substring(index, next))
                begin = next
            }
            index = next
        }
        if (normalized.length > begin) words.add(normalized.substring(begin))
        return words
    }
}
