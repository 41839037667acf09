package edge.bundle

private const val MAX_NAME = 200
private const val MAX_COMPONENTS = 12
private val RESERVED = setOf("con", "prn", "aux", "nul") + (0..9).flatMap { listOf("com$it", "lpt$it") }

/** Whether a name is a plain relative path on every system (BUNDLE.md, section 4). */
internal fun isFileName(name: String): Boolean {
    val components = name.split('/')
    return name.length <= MAX_NAME && components.size <= MAX_COMPONENTS && components.all(::isComponent)
}

private fun isComponent(part: String): Boolean = part.isNotEmpty() && part.all(::isAllowed) &&
    part[0] !in ".-@+" && !part.endsWith('.') && lowered(part.substringBefore('.')) !in RESERVED

private fun isAllowed(char: Char) =
    char in 'a'..'z' || char in 'A'..'Z' || char in '0'..'9' || char == '_' || char == '.' || char == '@' || char == '+' || char == '-'

/** Whether two names are equal without regard to case, or one is a directory of another. */
internal fun clash(names: List<String>): Boolean {
    val seen = names.map(::lowered).toSet()
    if (seen.size < names.size) return true
    return seen.any { name -> name.indices.any { name[it] == '/' && name.substring(0, it) in seen } }
}

/** A-Z as a-z; names are ASCII. */
private fun lowered(name: String): String = buildString {
    for (char in name) append(if (char in 'A'..'Z') char + 32 else char)
}
