package edge

/** What went wrong, what shows it, and what to do about it: the one exception that this library throws on purpose. */
public class EdgeError(
    public val problem: String,
    public val evidence: String = "",
    public val fix: String = "",
) : Exception(listOf(problem, evidence, if (fix.isEmpty()) "" else "fix: $fix").filter { it.isNotEmpty() }.joinToString("\n"))
