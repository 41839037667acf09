package edge.text

import edge.EdgeError

private sealed class Part

private class Words(val text: String) : Part()

private class Field(
    @JvmField val name: String,
    @JvmField val column: Int,
    @JvmField val filter: String,
    @JvmField val arguments: List<String>,
) : Part()

private class Group(val parts: List<Part>) : Part()

/** A parsed template (SPEC.md, section 3). Every error names the template and a column, which counts code points from 1. */
internal class Template private constructor(
    private val name: String,
    private val text: String,
    private val parts: List<Part>,
) {
    /** The text for a scope of names and values. Errors: a field outside a group has no value, a filter does not fit. */
    fun render(scope: Map<String, Any?>): String {
        val joined = StringBuilder()
        for (part in parts) {
            when (part) {
                is Words -> joined.append(part.text)
                is Field -> joined.append(required(part, scope[part.name]))
                is Group -> joined.append(group(part, scope))
            }
        }
        return singleSpaces(joined)
    }

    private fun required(field: Field, value: Any?): String {
        if (!isMissing(value)) return words(field, value)
        fail(name, text, field.column, "'${field.name}' has no value", "give the record that attribute, or put it into [[ ]]")
    }

    private fun group(group: Group, scope: Map<String, Any?>): String {
        val joined = StringBuilder()
        for (part in group.parts) {
            if (part is Field) {
                val value = scope[part.name]
                val words = if (isMissing(value)) "" else words(part, value)
                if (words.isEmpty()) return ""
                joined.append(words)
            } else {
                joined.append((part as Words).text)
            }
        }
        return joined.toString()
    }

    private fun words(field: Field, value: Any?): String = try {
        wordsOf(value, field.filter, field.arguments)
    } catch (error: WordingError) {
        val what = if (field.filter.isEmpty()) "'${field.name}'" else "filter '${field.filter}' of '${field.name}'"
        fail(name, text, field.column, "$what ${error.message}")
    }

    /** Reads a template from left to right. */
    private class Parser(private val name: String, private val text: String) {
        private val outer = ArrayList<Part>()
        private var inner: ArrayList<Part>? = null
        private var opened = 0
        private var pending = 0

        fun parts(): List<Part> {
            var at = 0
            while (at < text.length) at = step(at)
            if (inner != null) fail(name, text, column(opened), "'[[' is never closed", "add ]]")
            words(text.length)
            return outer
        }

        /** Where reading goes on after what stands at a place. */
        private fun step(at: Int): Int {
            val end = when {
                text[at] == '{' -> closing(at) + 1
                text[at] == '}' -> fail(name, text, column(at), "'}' without its other half")
                text.startsWith("[[", at) || text.startsWith("]]", at) -> at + 2
                else -> return at + 1
            }
            words(at)
            when (text[at]) {
                '[' -> open(at)
                ']' -> close(at)
                else -> (inner ?: outer).add(field(text.substring(at + 1, end - 1), column(at)))
            }
            pending = end
            return end
        }

        private fun closing(at: Int): Int {
            val end = text.indexOf('}', at)
            val next = text.indexOf('{', at + 1)
            if (end < 0 || next in 0 until end) fail(name, text, column(at), "'{' without its other half")
            return end
        }

        private fun words(end: Int) {
            if (end > pending) (inner ?: outer).add(Words(text.substring(pending, end)))
        }

        private fun open(at: Int) {
            if (inner != null) fail(name, text, column(at), "a group inside a group", "close the first with ]]")
            inner = ArrayList()
            opened = at
        }

        private fun close(at: Int) {
            val parts = inner ?: fail(name, text, column(at), "']]' closes no group")
            if (parts.none { it is Field }) fail(name, text, column(opened), "a group without a field")
            outer.add(Group(parts))
            inner = null
        }

        private fun field(body: String, column: Int): Field {
            val bar = body.indexOf('|')
            val path = if (bar < 0) body else body.substring(0, bar)
            if (!isFieldName(path)) fail(name, text, column, "'$path' is not a field name", "letters, digits and _")
            if (bar < 0) return Field(path, column, "", emptyList())
            val call = body.substring(bar + 1).split(':')
            val filter = call[0]
            val wanted = FILTERS[filter] ?: fail(name, text, column, "unknown filter '$filter'", FILTERS.keys.joinToString())
            if (call.size - 1 != wanted) {
                fail(name, text, column, "filter '$filter' takes $wanted arguments, got ${call.size - 1}")
            }
            return Field(path, column, filter, call.drop(1))
        }

        private fun column(at: Int) = Character.codePointCount(text, 0, at) + 1
    }

    internal companion object {
        /** Errors: unclosed or nested braces and groups, a bad field name, filter or number of arguments. */
        fun parse(text: String, name: String): Template = Template(name, text, Parser(name, text).parts())
    }
}

/** [A-Za-z_][A-Za-z0-9_]* */
internal fun isFieldName(name: String): Boolean =
    name.isNotEmpty() && name[0] !in '0'..'9' && name.all { it in 'A'..'Z' || it in 'a'..'z' || it in '0'..'9' || it == '_' }

private fun fail(name: String, text: String, column: Int, problem: String, fix: String = ""): Nothing =
    throw EdgeError("template '$name' column $column: $problem", text, fix)

private fun singleSpaces(text: CharSequence): String {
    val out = StringBuilder(text.length)
    for (char in text) {
        if (char != ' ' || (out.isNotEmpty() && out.last() != ' ')) out.append(char)
    }
    if (out.isNotEmpty() && out.last() == ' ') out.setLength(out.length - 1)
    return out.toString()
}
